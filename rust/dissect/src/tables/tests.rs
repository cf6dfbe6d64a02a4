//! What is written is what a reader of Parquet finds.

use super::{FlowId, Record, Sheets, TableWriter};
use crate::packet::Mac;
use crate::record;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::net::IpAddr;

record! {
    /// A row of each kind of column.
    pub struct Sample in "sample" {
        /// grows
        time_ns: i64,
        /// few values
        port: Option<u16>,
        /// an id
        flow: FlowId,
        /// a MAC
        mac: Option<Mac>,
        /// an address
        address: IpAddr,
        /// a word
        word: &'static str,
        /// a text
        text: Option<String>,
        /// texts
        texts: Vec<String>,
        /// numbers
        numbers: Option<Vec<u16>>,
        /// a truth value
        truth: Option<bool>,
    }
}

/// Texts of 40 bytes, each another, are more than a dictionary holds from about the 24,000th on.
const ROWS: u64 = 40_000;

fn sample(row: u64) -> Sample {
    let small = u8::try_from(row % 7).unwrap();
    Sample {
        time_ns: i64::try_from(row * 1000).unwrap(),
        port: (!row.is_multiple_of(3)).then_some(u16::from(small)),
        flow: FlowId(row / 100),
        mac: (row > 500).then_some(Mac([0, 1, 2, 3, 4, small])),
        address: if row.is_multiple_of(2) {
            IpAddr::from([192, 0, 2, small])
        } else {
            IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])
        },
        word: ["tcp", "udp"][usize::from(small % 2)],
        text: (row % 5 != 1).then(|| format!("{row:040}")),
        texts: (0..row % 4).map(|n| format!("{}", n * (row % 11))).collect(),
        numbers: (row % 2 == 1).then(|| (0..small).map(u16::from).collect()),
        truth: (row % 4 != 2).then_some(row.is_multiple_of(8)),
    }
}

fn told(row: u64) -> String {
    let is = sample(row);
    let quoted = |text: String| format!("\"{text}\"");
    let or_null = |text: Option<String>| text.unwrap_or("null".into());
    let list = |parts: Vec<String>| format!("[{}]", parts.join(", "));
    format!(
        "{{time_ns: {}, port: {}, flow: \"{:016x}\", mac: {}, address: \"{}\", word: \"{}\", text: {}, texts: {}, numbers: {}, truth: {}}}",
        is.time_ns,
        or_null(is.port.map(|port| port.to_string())),
        is.flow.0,
        or_null(is.mac.map(|mac| quoted(mac.to_string()))),
        is.address,
        is.word,
        or_null(is.text.map(quoted)),
        list(is.texts.into_iter().map(quoted).collect()),
        or_null(is.numbers.map(|numbers| list(numbers.iter().map(u16::to_string).collect()))),
        or_null(is.truth.map(|truth| truth.to_string())),
    )
}

#[test]
fn rows_of_several_threads_come_back_as_they_were_in_the_order_of_their_places() {
    let folder = std::env::temp_dir().join(format!("idletalk-tables-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let writer = TableWriter::new(&folder, &[Sample::SPEC]).unwrap();
    let mut threads = [Sheets::default(), Sheets::default()];
    for row in 0..ROWS {
        threads[usize::from(row.is_multiple_of(3))].push((row, 0), &sample(row));
    }
    let [mut one, mut other] = threads;
    writer.append("sample", &one.take().into_iter().chain(other.take()).collect::<Vec<_>>()).unwrap();
    assert_eq!(writer.finish(2).unwrap(), [("sample", i64::try_from(ROWS).unwrap())]);

    let file = SerializedFileReader::new(File::open(folder.join("sample.parquet")).unwrap()).unwrap();
    let mut rows = 0;
    for (row, found) in (0..).zip(file.get_row_iter(None).unwrap()) {
        assert_eq!(found.unwrap().to_string(), told(row), "row {row}");
        rows = row + 1;
    }
    assert_eq!(rows, ROWS);
    std::fs::remove_dir_all(&folder).unwrap();
}
