//! Walks capture files and prints what is in them, a line each: the time that this takes is what
//! everything else is built on.
//!
//! `walk FILE...` prints path, frames, captured bytes, first and last time, faults, tab-separated.
//! `walk --timeline FILE...` walks the files as one capture, and prints frames, bytes and whether
//! time ever ran backwards.
//! `walk --generate FRAMES FILE` writes a pcap of frames of 200 bytes to measure with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dissect::capture::{Reader, Timeline};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--generate", frames, path] => generate(frames, Path::new(path)),
        ["--timeline", files @ ..] => {
            timeline(files.iter().map(PathBuf::from).collect());
            Ok(())
        }
        files => {
            for file in files {
                walk(Path::new(file));
            }
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("walk: {error}");
            ExitCode::FAILURE
        }
    }
}

fn walk(path: &Path) {
    let mut reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(error) => return println!("{}\terror\t{error}", path.display()),
    };
    let mut bytes = 0u64;
    while let Some(frame) = reader.next() {
        bytes = bytes.wrapping_add(frame.bytes.len() as u64);
    }
    let summary = reader.summary();
    let time = |time: Option<i64>| time.map_or("n/a".into(), |time| time.to_string());
    println!(
        "{}\t{}\t{bytes}\t{}\t{}\t{}\t{}\t{:?}",
        path.display(),
        summary.frames,
        summary.original_bytes,
        time(summary.earliest_ns),
        time(summary.latest_ns),
        summary.format.name(),
        reader.fault(),
    );
}

fn timeline(files: Vec<PathBuf>) {
    let mut timeline = Timeline::new(files);
    let (mut frames, mut bytes, mut backwards, mut last_ns) = (0u64, 0u64, 0u64, i64::MIN);
    while let Some((_, frame)) = timeline.next() {
        frames = frames.wrapping_add(1);
        bytes = bytes.wrapping_add(frame.bytes.len() as u64);
        backwards = backwards.wrapping_add(u64::from(frame.time_ns < last_ns));
        last_ns = frame.time_ns;
    }
    println!("{frames} frames, {bytes} bytes, {backwards} times backwards");
    for capture in timeline.captures() {
        if let Err(error) = capture.summary {
            println!("{error}");
        }
    }
}

/// Bytes of each generated frame.
const FRAME_BYTES: u32 = 200;

fn generate(frames: &str, path: &Path) -> std::io::Result<()> {
    let frames: u32 = frames.parse().map_err(std::io::Error::other)?;
    let mut out = BufWriter::new(File::create(path)?);
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1u32] {
        out.write_all(&word.to_le_bytes())?;
    }
    for index in 0..frames {
        let (seconds, micros) = (1_700_000_000 + index / 1_000, index % 1_000 * 1_000);
        for word in [seconds, micros, FRAME_BYTES, FRAME_BYTES] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&[index as u8; FRAME_BYTES as usize])?;
    }
    out.flush()
}
