use super::LAYERS;
use super::seeds::seeds;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn captures(root: PathBuf) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn every_layer_takes_what_the_demo_holds() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let mut fed = BTreeSet::new();
    for path in captures(demo).iter().filter(|path| path.extension().is_some_and(|ending| ending == "gz")) {
        seeds(path, &mut |name, bytes| {
            let (_, layer) = LAYERS.iter().find(|(layer, _)| *layer == name).unwrap();
            layer(&bytes);
            layer(&bytes[..bytes.len() / 2]);
            fed.insert(name);
        });
    }
    assert_eq!(fed.len(), LAYERS.len(), "{fed:?}");
}

#[test]
#[ignore = "writes what `python -m tools.fuzz` begins with"]
fn seeds_of_captures_become_files() {
    let (root, out) = (std::env::var_os("IDLETALK_CAPTURES").unwrap(), std::env::var_os("FUZZ_SEEDS").unwrap());
    let mut count = 0;
    for path in captures(root.into()) {
        seeds(&path, &mut |layer, bytes| {
            let folder = Path::new(&out).join(layer);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{count:06}")), bytes).unwrap();
            count += 1;
        });
    }
    assert!(count > 0, "no captures");
}
