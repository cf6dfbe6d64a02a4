//! Runs a parser over bytes and gives its rows as text, for the protocols' tests.

use super::{Appetite, Budget, Context, Direction, Parser, Protocol};
use crate::at::{At, COLUMNS, End};
use crate::sink::Sink;
use crate::tables::{Cells, ColumnType, FlowId, Sheet};
use std::collections::BTreeMap;

/// The rows that came out: table, then own columns by name. A missing value is no entry.
pub type Rows = Vec<(&'static str, BTreeMap<&'static str, String>)>;

/// A place for records between two ports.
pub fn at(source_port: u16, destination_port: u16) -> At {
    let end = |port| End { mac: None, address: None, port: Some(port) };
    At {
        capture: 0,
        frame: 1,
        time_ns: 0,
        flow: FlowId(1),
        source: end(source_port),
        destination: end(destination_port),
        is_repeated: false,
    }
}

/// Gives each datagram to one parser, then the end.
pub fn datagrams(protocol: &Protocol, messages: &[&[u8]]) -> Rows {
    let (mut sink, budget, mut parser) = (Sink::default(), Budget::default(), (protocol.parser)());
    for message in messages {
        let mut ctx =
            Context { at: at(1, 2), is_cut: false, budget: &budget, sink: &mut sink, protocol: protocol.name };
        parser.datagram(&mut ctx, message);
    }
    let mut ctx = Context { at: at(1, 2), is_cut: false, budget: &budget, sink: &mut sink, protocol: protocol.name };
    parser.end(&mut ctx);
    rows(&mut sink)
}

/// Gives pieces of both directions to one parser, as long as it wants more of that direction.
pub fn stream(protocol: &Protocol, pieces: &[(Direction, &[u8])]) -> Rows {
    let gapless: Vec<_> = pieces.iter().map(|(direction, bytes)| (*direction, Some(*bytes), 0)).collect();
    pieces_and_gaps(protocol, &gapless)
}

/// What is kept of the payload of both directions for whoever searches it, in the manner of [`stream`].
pub fn payloads(protocol: &Protocol, pieces: &[(Direction, &[u8])]) -> Vec<BTreeMap<&'static str, String>> {
    let gapless: Vec<_> = pieces.iter().map(|(direction, bytes)| (*direction, Some(*bytes), 0)).collect();
    let mut sink = read(protocol, &gapless);
    assert!(sink.finish().is_ok());
    rows(&mut sink).into_iter().filter(|(table, _)| *table == "payloads").map(|(_, row)| row).collect()
}

/// The same as [`stream`], where a piece without bytes is a gap of so many.
pub fn pieces_and_gaps(protocol: &Protocol, pieces: &[(Direction, Option<&[u8]>, u64)]) -> Rows {
    rows(&mut read(protocol, pieces))
}

fn read(protocol: &Protocol, pieces: &[(Direction, Option<&[u8]>, u64)]) -> Sink {
    let (mut sink, budget, mut parser) = (Sink::default(), Budget::default(), (protocol.parser)());
    let mut wants = [true; 2];
    for (direction, bytes, missing) in pieces {
        let Some(wants) = wants.get_mut(direction.index()) else { continue };
        if *wants {
            let mut ctx =
                Context { at: at(1, 2), is_cut: false, budget: &budget, sink: &mut sink, protocol: protocol.name };
            let appetite = match bytes {
                Some(bytes) => parser.data(&mut ctx, *direction, bytes),
                None => parser.gap(&mut ctx, *direction, *missing),
            };
            *wants = appetite == Appetite::More;
        }
    }
    let mut ctx = Context { at: at(1, 2), is_cut: false, budget: &budget, sink: &mut sink, protocol: protocol.name };
    parser.end(&mut ctx);
    sink
}

/// Does something with one parser, then ends.
pub fn events(protocol: &Protocol, act: impl FnOnce(&mut dyn Parser, &mut Context<'_>)) -> Rows {
    let (mut sink, budget, mut parser) = (Sink::default(), Budget::default(), (protocol.parser)());
    let mut ctx = Context { at: at(1, 2), is_cut: false, budget: &budget, sink: &mut sink, protocol: protocol.name };
    act(parser.as_mut(), &mut ctx);
    parser.end(&mut ctx);
    rows(&mut sink)
}

/// Cuts bytes of one direction at these places (in any order, beyond the end allowed).
pub fn cut<'a>(direction: Direction, bytes: &'a [u8], places: &[usize]) -> Vec<(Direction, &'a [u8])> {
    let mut places: Vec<usize> = places.iter().map(|place| place % bytes.len().max(1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    let pairs = places.iter().zip(places.iter().skip(1));
    pairs
        .filter_map(|(from, to)| Some((direction, bytes.get(*from..*to)?)))
        .filter(|(_, piece)| !piece.is_empty())
        .collect()
}

/// Bytes of hex text; what follows `#` on a line is a remark.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or("").chars())
        .filter_map(|c| c.to_digit(16))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | u8::try_from(*digit).unwrap_or(0)))
        .collect()
}

fn rows(sink: &mut Sink) -> Rows {
    let mut all = Vec::new();
    for sheet in sink.sheets.take() {
        for row in 0..sheet.keys.len() {
            all.push((sheet.spec.name, row_of(&sheet, row)));
        }
    }
    all
}

fn row_of(sheet: &Sheet, row: usize) -> BTreeMap<&'static str, String> {
    let own = sheet.spec.columns.iter().zip(&sheet.columns).skip(COLUMNS.len());
    own.filter(|(_, cells)| cells.is_present(row)).map(|(column, cells)| (column.name, cell(cells, row))).collect()
}

fn cell(cells: &Cells, row: usize) -> String {
    cells.texts_at(row).join(if cells.kind() == ColumnType::IntList { " " } else { "|" })
}
