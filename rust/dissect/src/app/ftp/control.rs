//! The control connection: which file goes over which data connection (RFC 959 4.1, RFC 2428, RFC 3659).

use super::DATA;
use crate::app::carried::Carried;
use crate::app::starttls::ClearStart;
use crate::app::{Appetite, Asked, Buffer, Context, Direction, Expectation, Parser, text};
use std::net::IpAddr;

/// Bytes of a line that are kept; paths are shorter (POSIX PATH_MAX is 4096).
const MAX_LINE_BYTES: usize = 4608;

/// Reads a control connection.
pub struct Control {
    clear: ClearStart,
    waiting: [Buffer; 2],
    /// where the next data connection has an end
    place: Option<(IpAddr, u16)>,
    /// TYPE
    mode: Option<String>,
    /// REST
    start: u64,
    /// file whose size was asked for, and the answer
    size: Option<(String, Option<u64>)>,
    /// what was asked for and not answered
    asked: Option<Asked>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            clear: ClearStart::new("ftp"),
            waiting: [Buffer::default(), Buffer::default()],
            place: None,
            mode: None,
            start: 0,
            size: None,
            asked: None,
        }
    }
}

impl Parser for Control {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let appetite = self.clear.data(ctx, direction, bytes);
        if self.clear.is_tls() {
            return appetite;
        }
        let slot = direction.of(&mut self.waiting);
        if !slot.push(bytes, MAX_LINE_BYTES.max(bytes.len()), ctx.budget) {
            return Appetite::More;
        }
        let Some(end) = slot.bytes().iter().rposition(|byte| *byte == b'\n') else { return Appetite::More };
        let lines = slot.bytes().get(..end).unwrap_or_default().to_vec();
        slot.consume(end.saturating_add(1));
        for line in lines.split(|byte| *byte == b'\n') {
            self.line(ctx, text::lossy(line).trim_end());
        }
        Appetite::More
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        for slot in &mut self.waiting {
            slot.clear();
        }
        self.clear.gap(ctx, direction, missing_bytes)
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        self.clear.end(ctx);
    }
}

impl Control {
    fn line(&mut self, ctx: &mut Context<'_>, line: &str) {
        match line.get(..3).and_then(|code| code.parse::<u16>().ok()) {
            Some(code) => self.reply(ctx, code, line),
            None => self.command(ctx, line),
        }
    }

    fn reply(&mut self, ctx: &mut Context<'_>, code: u16, line: &str) {
        let rest = line.get(3..).unwrap_or_default();
        match code {
            // the address may be one behind a translation: the end is the host that answers
            227 | 229 => self.place = ctx.at.source.address.zip(if code == 227 { six_numbers(rest) } else { extended(rest) }),
            213 => {
                if let Some((_, bytes)) = &mut self.size {
                    *bytes = rest.trim().parse().ok();
                }
            }
            226 | 250 => self.asked = None,
            400..=599 if !rest.starts_with('-') => {
                if let Some(asked) = self.asked.take().filter(|asked| !asked.is_listing) {
                    Carried::refused(ctx, "ftp", &asked, line.to_owned());
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, ctx: &mut Context<'_>, line: &str) {
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "PORT" => self.place = ctx.at.source.address.zip(six_numbers(argument)),
            "EPRT" => self.place = ctx.at.source.address.zip(extended(argument)),
            "TYPE" => self.mode = Some(argument.to_owned()),
            "REST" => self.start = argument.trim().parse().unwrap_or(0),
            "SIZE" => self.size = Some((argument.to_owned(), None)),
            "RETR" => self.transfer(ctx, argument, false, false),
            "STOR" | "STOU" | "APPE" => self.transfer(ctx, argument, true, false),
            "LIST" | "NLST" | "MLSD" => self.transfer(ctx, argument, false, true),
            _ => {}
        }
    }

    fn transfer(&mut self, ctx: &mut Context<'_>, target: &str, is_write: bool, is_listing: bool) {
        let asked = Asked {
            is_write,
            is_listing,
            target: Some(target.to_owned()),
            mode: self.mode.clone(),
            start: std::mem::take(&mut self.start),
            announced: self.size.as_ref().filter(|(name, _)| name == target && !is_write).and_then(|(_, bytes)| *bytes),
            block_bytes: None,
            place: Some((ctx.at.capture, ctx.at.frame, ctx.at.time_ns)),
        };
        self.asked = Some(asked.clone());
        let hosts = [ctx.at.source.address, ctx.at.destination.address];
        if let Some((address, port)) = self.place.take()
            && let Some(peer) = hosts.into_iter().flatten().find(|host| *host != address)
        {
            ctx.expect(Expectation { address, port, peer, protocol: &DATA, asked });
        }
    }
}

/// The port of `h1,h2,h3,h4,p1,p2` (RFC 959 4.1.2), wherever the numbers begin.
fn six_numbers(text: &str) -> Option<u16> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = text.get(start..)?;
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(digits.len());
    let numbers: Option<Vec<u8>> = digits.get(..end)?.split(',').map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some([_, _, _, _, high, low]) => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

/// The port of `|1|address|port|` or `(|||port|)` (RFC 2428 2 and 3).
fn extended(text: &str) -> Option<u16> {
    let inner = text.rsplit_once(')').map_or(text, |(before, _)| before);
    let inner = inner.rsplit_once('(').map_or(inner, |(_, behind)| behind).trim();
    let mark = inner.chars().next()?;
    inner.split(mark).nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_both_forms_tell_them() {
        assert_eq!(six_numbers(" Entering Passive Mode (192,0,2,1,4,1)."), Some(1025));
        assert_eq!(six_numbers("192,0,2,1,4,256"), None);
        assert_eq!(extended(" Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(extended("|2|2001:db8::1|5282|"), Some(5282));
        assert_eq!(extended(""), None);
    }
}
