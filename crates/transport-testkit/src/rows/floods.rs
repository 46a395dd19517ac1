//! Rule 4: what a peer that never stops sending may cost of the processor.

use std::time::Duration;

use super::LIMIT;
use crate::outcome::Outcome::{Interrupted, Timeout, TooLarge};
use crate::scene::setup::Setup;
use crate::server::script::Script;
use crate::trial::Trial;
use crate::watch::census::processor_time;

/// Long enough for a tenth of it to be measured in hundredths of a second.
const MEASURED: Duration = Duration::from_secs(2);
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Rule 4: a peer that sends as fast as it can, in large pieces or byte by byte, takes at most a
/// tenth of the time limit of the processor. `Timeout`, or an error before that.
pub(crate) fn rule_04_processor_time(trial: &mut Trial<'_>) {
    // The work of others in this process would be counted as well.
    let measures = trial.alone;
    let limit = if measures { MEASURED } else { LIMIT };
    for (label, begin, flood) in [
        ("interim responses", "", INTERIM),
        ("a field", "HTTP/1.1 200 OK\r\nX-A: ", "x"),
        ("empty chunks", CHUNKED, "0\r\n"),
        ("chunks of one byte", CHUNKED, "1\r\nx\r\n"),
        ("zeros before a chunk's size", CHUNKED, "0"),
        ("a chunk's extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
    ] {
        let begun = || Script::new().request().write(begin);
        for (label, script) in [
            (label.to_owned(), begun().endless(flood.repeat(4096))),
            (format!("{label}, byte by byte"), begun().trickle(flood.repeat(64))),
        ] {
            trial.case(&label, Setup::new(script), |scene| {
                let before = processor_time().filter(|_| measures);
                let answer = scene.send_exchange(scene.exchange().with_timeout(limit));
                scene.expect(&answer, &[TooLarge, Interrupted, Timeout]);
                scene.expect_end_at(&answer, limit);
                scene.expect_closed_by(&answer, limit);
                scene.expect_little_work(&answer, before, limit);
            });
        }
    }
}
