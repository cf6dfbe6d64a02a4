//! `Contents` for Python: values that messages tell.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use ::exposure::known::Known;
use ::exposure::{Content, KnownBy, Leak, Teller};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

/// Content, kind, text, key, encoding, whether it is known by meaning, bytes that say it.
type Told<'py> = (u64, String, String, Option<String>, String, bool, Option<Bound<'py, PyBytes>>);

/// Contents of messages that are searched: (id, bytes, whether a device got them).
#[pyclass(frozen, module = "idletalk._core")]
pub struct Contents(::exposure::Contents);

#[pymethods]
impl Contents {
    #[new]
    fn new(contents: Vec<(u64, PyBackedBytes, bool)>) -> Self {
        let kept = |(id, content, is_received): (u64, PyBackedBytes, bool)| Content {
            id,
            content: content.to_vec(),
            is_received,
        };
        Self(::exposure::Contents::new(contents.into_iter().map(kept).collect()))
    }

    /// Values by key (`kinds` by name without case and signs) or format, and what STUN tells back.
    fn by_meaning<'py>(&self, py: Python<'py>, kinds: HashMap<String, String>) -> Vec<Told<'py>> {
        told(py, py.detach(|| self.0.by_meaning(&kinds)))
    }

    /// Known values (text, kind, whether only a whole word counts) and public addresses (of IPv4; others are left out) in every spelling and encoding.
    fn by_value<'py>(
        &self,
        py: Python<'py>,
        known: Vec<(String, String, bool)>,
        addresses: Vec<String>,
    ) -> Vec<Told<'py>> {
        let known = known.into_iter().map(|(text, kind, is_whole)| Known { text, kind, is_whole }).collect();
        let addresses: Vec<Ipv4Addr> = addresses.iter().filter_map(|address| address.parse().ok()).collect();
        told(py, py.detach(|| self.0.by_value(known, &addresses)))
    }

    /// IPv4 addresses that peers of several owners told alike: (content, number of the owner, port that got it).
    fn told_by_several(&self, py: Python<'_>, tellers: Vec<(u64, u32, Option<u16>)>) -> Vec<String> {
        let mut by_content: HashMap<u64, Vec<Teller>> = HashMap::new();
        for (content, owner, port) in tellers {
            by_content.entry(content).or_default().push(Teller { owner, port });
        }
        py.detach(|| self.0.told_by_several(&by_content)).iter().map(ToString::to_string).collect()
    }
}

fn told(py: Python<'_>, leaks: Vec<Leak>) -> Vec<Told<'_>> {
    let one = |leak: Leak| {
        let raw = leak.raw.map(|raw| PyBytes::new(py, &raw));
        let is_meant = leak.known_by == KnownBy::Meaning;
        (leak.content, leak.kind, leak.text, leak.key, leak.encoding, is_meant, raw)
    };
    leaks.into_iter().map(one).collect()
}
