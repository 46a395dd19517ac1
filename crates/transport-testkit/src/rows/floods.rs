//! Rule 4: the processor time that a peer may cost that never stops sending.

use std::time::Duration;

use super::LIMIT;
use crate::outcome::Outcome::{Interrupted, Timeout, TooLarge};
use crate::scene::setup::Setup;
use crate::server::script::Script;
use crate::trial::Trial;
use crate::watch::census::processor_time;

/// A limit of which a tenth can be measured in hundredths of a second.
const MEASURED: Duration = Duration::from_secs(1);
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Rule 4: a flood costs at most a tenth of the time limit in processor time. `Timeout`, or an error before.
///
/// The peer sends as fast as it can, in large pieces or byte by byte.
pub(crate) fn rule_04_processor_time(trial: &mut Trial<'_>) {
    // Other work in this process would count as well.
    let measures = trial.alone;
    let limit = if measures { MEASURED } else { LIMIT };
    let floods = [
        ("interim responses", "", INTERIM),
        ("a field", "HTTP/1.1 200 OK\r\nX-A: ", "x"),
        ("empty chunks", CHUNKED, "0\r\n"),
        ("chunks of one byte", CHUNKED, "1\r\nx\r\n"),
        ("zeros before a chunk's size", CHUNKED, "0"),
        ("a chunk's extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
    ];
    // Without a measurement, one flood shows that the call ends in time.
    for (label, begin, flood) in floods.into_iter().take(if measures { usize::MAX } else { 1 }) {
        let begun = || Script::new().request().write(begin);
        for (label, script) in [
            (label.to_owned(), begun().endless_for(limit, flood.repeat(4096))),
            (format!("{label}, byte by byte"), begun().trickle(flood.repeat(64))),
        ] {
            trial.case(&label, Setup::new(script), |scene| {
                let before = processor_time().filter(|_| measures);
                let call = scene.send_exchange(scene.exchange().with_timeout(limit));
                scene.expect(&call, &[TooLarge, Interrupted, Timeout]);
                scene.expect_end_at(&call, limit);
                scene.expect_closed_by(&call, limit);
                scene.expect_little_work(&call, before, limit);
            });
        }
    }
}
