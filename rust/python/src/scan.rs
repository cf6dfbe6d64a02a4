//! `scan` for Python: frames of a selection, counted and written.

use crate::dissecting::watched;
use ::dissect::capture::Mark;
use ::dissect::packet::Mac;
use ::dissect::scan::{Clause, Ends, Part, Selection, Source, Target, cut as run_cut, flow_key, scan as run};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

/// A mark of the frame index: (offset, frame, described_to, time_ns).
type MarkRow = (u64, u64, u64, i64);
/// A capture file: (capture, path, name, marks).
type SourceRow = (u32, PathBuf, String, Vec<MarkRow>);
/// One end of a flow: (MAC, address, port).
type EndRow = (Option<String>, Option<String>, Option<u16>);
/// A flow: (network, transport, protocol number, one end, other end, first ns, last ns).
type FlowRow = (String, Option<String>, Option<u16>, EndRow, EndRow, i64, i64);

fn mac(text: &str) -> PyResult<Mac> {
    let octets: Vec<u8> = text.split(':').filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
    octets.try_into().map(Mac).map_err(|_| PyValueError::new_err(format!("{text:?} is not a MAC address")))
}

fn address(text: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| PyValueError::new_err(format!("{text:?} is not an IP address")))
}

fn ends(row: &EndRow) -> PyResult<Ends> {
    let (mac_text, address_text, port) = row;
    Ok(Ends {
        mac: mac_text.as_deref().map(mac).transpose()?,
        address: address_text.as_deref().map(address).transpose()?,
        port: *port,
    })
}

fn told(sources: Vec<SourceRow>) -> Vec<Source> {
    sources
        .into_iter()
        .map(|(capture, path, name, marks)| Source {
            capture,
            path,
            name,
            marks: marks
                .into_iter()
                .map(|(offset, number, described_to, time_ns)| Mark { offset, number, described_to, time_ns })
                .collect(),
        })
        .collect()
}

/// Write frames by (capture, number) into several pcapng files in one walk; gives the number written to each.
///
/// `parts` are (path, frames). Raises OSError when a file cannot be written.
#[pyfunction]
#[pyo3(signature = (sources, parts, *, application=String::new()))]
pub fn cut(
    py: Python<'_>,
    sources: Vec<SourceRow>,
    parts: Vec<(PathBuf, Vec<(u32, u64)>)>,
    application: String,
) -> PyResult<Vec<u64>> {
    let sources = told(sources);
    let parts: Vec<Part> =
        parts.into_iter().map(|(path, frames)| Part { path, frames: frames.into_iter().collect() }).collect();
    py.detach(|| run_cut(&sources, &parts, &application)).map_err(|error| PyOSError::new_err(error.to_string()))
}

/// Take the frames of a selection out of captures; gives (frames selected, [(capture, frame) written]).
///
/// `sources` are (capture, path, name, marks). The selection is the conjunction of what is given: `frames` are
/// (capture, number), `ranges` half-open in UTC nanoseconds, `macs` and `hosts` sent or received, `flows` and `layers`
/// (names of network or transport layers) alternatives of each other. `out` gets at most `max_frames` frames as pcapng,
/// or as pcap where `pcap` says whether in nanoseconds. Raises OSError when `out` cannot be written.
#[pyfunction]
#[pyo3(signature = (sources, out=None, *, frames=None, ranges=None, macs=None, hosts=None, flows=None, layers=None,
                    pcap=None, max_frames=u64::MAX, application=String::new(), progress=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments of a Python function
pub fn scan(
    py: Python<'_>,
    sources: Vec<SourceRow>,
    out: Option<PathBuf>,
    frames: Option<Vec<(u32, u64)>>,
    ranges: Option<Vec<(i64, i64)>>,
    macs: Option<Vec<String>>,
    hosts: Option<Vec<String>>,
    flows: Option<Vec<FlowRow>>,
    layers: Option<Vec<String>>,
    pcap: Option<bool>,
    max_frames: u64,
    application: String,
    progress: Option<Py<PyAny>>,
) -> PyResult<(u64, Vec<(u32, u64)>)> {
    let sources = told(sources);
    let mut clauses = Vec::new();
    if let Some(frames) = frames {
        let mut by_capture: rustc_hash::FxHashMap<u32, BTreeSet<u64>> = rustc_hash::FxHashMap::default();
        for (capture, number) in frames {
            by_capture.entry(capture).or_default().insert(number);
        }
        clauses.push(Clause::Frames(by_capture));
    }
    if let Some(ranges) = ranges {
        clauses.push(Clause::Ranges(ranges));
    }
    if let Some(macs) = macs {
        clauses.push(Clause::Macs(macs.iter().map(|text| mac(text)).collect::<PyResult<_>>()?));
    }
    if let Some(hosts) = hosts {
        clauses.push(Clause::Hosts(hosts.iter().map(|text| address(text)).collect::<PyResult<_>>()?));
    }
    if flows.is_some() || layers.is_some() {
        let mut spans: rustc_hash::FxHashMap<_, Vec<(i64, i64)>> = rustc_hash::FxHashMap::default();
        for (network, transport, number, a, b, first_ns, last_ns) in flows.unwrap_or_default() {
            if let Some(key) = flow_key(&network, transport.as_deref(), number, ends(&a)?, ends(&b)?) {
                spans.entry(key).or_default().push((first_ns, last_ns));
            }
        }
        clauses.push(Clause::Protocols(spans, layers.unwrap_or_default().into_iter().collect()));
    }
    let target = Target { path: out, pcap, max_frames, application };
    let selection = Selection(clauses);
    let found = watched(py, progress.as_ref(), |state| run(&sources, &selection, &target, state))?
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
    Ok((found.selected, found.written))
}
