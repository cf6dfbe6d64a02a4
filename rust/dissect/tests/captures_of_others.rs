//! Walks the captures of others, which are no part of the project, where they are there.

use std::path::{Path, PathBuf};

use dissect::capture::{CaptureError, Reader, Timeline};

/// Where they lie, seen from the repository's root.
const CAPTURES: &str = "../shared/captures";

/// All files below the folder, sorted; None where there is no such folder.
fn files() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(CAPTURES);
    if !root.is_dir() {
        println!("skipped: there are no captures in {CAPTURES}");
        return None;
    }
    let mut folders = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Some(files)
}

#[test]
fn every_file_is_read_to_its_end_or_refused_with_a_reason() {
    let mut walked = 0;
    for path in files().unwrap_or_default() {
        match Reader::open(&path) {
            Ok(mut reader) => {
                let mut frames = 0;
                while let Some(frame) = reader.next() {
                    frames += 1;
                    assert!(frame.offset > 0);
                }
                assert_eq!(frames, reader.summary().frames, "{}", path.display());
                walked += 1;
            }
            Err(error @ CaptureError::Io { .. }) => unreachable!("{error}"),
            Err(error) => println!("{error}"),
        }
    }
    println!("{walked} captures walked");
}

#[test]
fn a_timeline_of_all_files_has_all_their_frames() {
    let Some(mut files) = files() else { return };
    files.truncate(500);
    let mut alone = 0;
    for path in &files {
        if let Ok(mut reader) = Reader::open(path) {
            while reader.next().is_some() {}
            alone += reader.summary().frames;
        }
    }
    let mut timeline = Timeline::new(files);
    let mut together = 0;
    while timeline.next().is_some() {
        together += 1;
    }
    assert_eq!(together, alone);
}
