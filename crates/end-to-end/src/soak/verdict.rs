//! The verdict on a run: a sentence for each broken promise.

use std::time::Duration;

use crate::figures::{CallKind, Figures};
use crate::plan::Plan;
use crate::promises;

/// The most requests for app tokens of one App Key in a minute.
const MOST_A_MINUTE: u64 = 10;
/// The longest time from the end of an outage to the first token.
///
/// Ten seconds until the next attempt, and the time of the request.
const RECOVERY: Duration = Duration::from_millis(10_500);
/// The longest time from the end of refusals to the first token: they are remembered for a minute.
const AFTER_TROUBLE: Duration = Duration::from_secs(70);
/// The longest call for an app token: 20 s, and more on a busy machine.
const LONGEST_APP_CALL: Duration = Duration::from_secs(25);
/// Returns a sentence for each broken promise.
pub(crate) fn judge(figures: &Figures, plan: &Plan) -> Vec<String> {
    let mut broken: Vec<_> =
        promises::all(figures).into_iter().flat_map(|promise| promise.broken).collect();
    breaches(&mut broken, figures);
    numbers(&mut broken, figures);
    coverage(&mut broken, figures, plan);
    broken
}

fn breaches(broken: &mut Vec<String>, figures: &Figures) {
    let slow = "app-token calls took long although a usable token was held";
    broken.extend(figures.slow_while_held.sentence(slow));
    broken.extend(figures.wrong_tokens.sentence("tokens were not issued for the caller"));
    broken.extend(figures.dead_tokens.sentence("expired or replaced app tokens were returned"));
}

fn numbers(broken: &mut Vec<String>, figures: &Figures) {
    if figures.worst_minute > MOST_A_MINUTE {
        broken.push(format!(
            "{} requests for app tokens arrived in one minute; {MOST_A_MINUTE} are the most",
            figures.worst_minute
        ));
    }
    for (times, most, after) in [
        (&figures.recoveries, RECOVERY, "the service was back"),
        (&figures.after_trouble, AFTER_TROUBLE, "its refusals were over"),
    ] {
        for time in times {
            let took = match time {
                Some(time) if *time <= most => continue,
                Some(time) => format!("came {:.1} s after", time.as_secs_f64()),
                None => "never came after".to_owned(),
            };
            let most = most.as_secs_f64();
            broken.push(format!("the first app token {took} {after}; {most:.1} s are the most"));
        }
    }
    let longest = figures.tally.calls(CallKind::App).longest;
    if longest > LONGEST_APP_CALL {
        broken.push(format!("an app-token call took {:.1} s", longest.as_secs_f64()));
    }
    if figures.lost_callers > 0 {
        broken.push(format!("{} callers did not return", figures.lost_callers));
    }
}

/// Checks that enough happened: a run without events keeps every promise and proves nothing.
fn coverage(broken: &mut Vec<String>, figures: &Figures, plan: &Plan) {
    let app = figures.tally.calls(CallKind::App);
    let mut needs = |there: bool, what: &str| {
        if !there {
            broken.push(format!("the run proves nothing: {what}"));
        }
    };
    needs(app.succeeded > 0, "no app-token call succeeded");
    needs(figures.acquired > 1, "no app token was ever renewed");
    needs(app.failures() > 0, "no app-token call failed, so nothing was ever away for long enough");
    // Calls by user ID count too, since an app token is mostly cached.
    let cancelled = app.cancelled + figures.tally.calls(CallKind::ById).cancelled;
    needs(cancelled > 0, "no caller cancelled a call");
    for call_kind in [CallKind::ById, CallKind::ByPassword] {
        needs(figures.tally.calls(call_kind).succeeded > 0, "no user token was returned");
    }
    needs(!figures.recoveries.is_empty(), "the service did not return");
    let had_trouble = !figures.after_trouble.is_empty();
    needs(had_trouble || !plan.has_refusals(), "the service never refused an app token");
    needs(figures.tally.refused > 0, "no caller was refused with a valid token");
    needs(figures.tally.unpolled > 0, "every call was polled until its end");
    let healthy = &figures.healthy;
    needs(!healthy.is_empty(), "no client was observed while the service was healthy");
    for client in healthy {
        let name = client.kind.name();
        needs(!client.replacements.is_empty(), &format!("no token of {name} was revoked"));
        needs(client.longest > Duration::ZERO, &format!("{name} returned no user token"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan::lasting(10, 1)
    }

    fn well() -> Figures {
        let mut figures = Figures {
            acquired: 2,
            worst_minute: 10,
            recoveries: vec![Some(RECOVERY)],
            after_trouble: vec![Some(AFTER_TROUBLE)],
            ..promises::at_every_limit()
        };
        for call_kind in [CallKind::App, CallKind::ById, CallKind::ByPassword] {
            figures.tally.succeeded(call_kind, Duration::from_secs(1));
        }
        figures.tally.failed(CallKind::App, "connect", Duration::from_secs(1));
        figures.tally.cancelled(CallKind::App);
        (figures.tally.refused, figures.tally.unpolled) = (1, 1);
        figures
    }

    #[test]
    fn a_run_at_the_limit_of_every_promise_passes() {
        assert_eq!(judge(&well(), &plan()), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_has_its_sentence_and_no_other() {
        type Break = fn(&mut Figures);
        let breaks: [(Break, &str); 13] = [
            (|it| it.slow_while_held.count = 1, "took long although"),
            (|it| it.wrong_tokens.count = 1, "not issued for the caller"),
            (|it| it.dead_tokens.count = 1, "expired or replaced"),
            (|it| it.worst_minute = 11, "11 requests for app tokens"),
            (
                |it| it.recoveries = vec![Some(RECOVERY * 2)],
                "came 21.0 s after the service was back",
            ),
            (|it| it.recoveries = vec![None], "never came after the service was back"),
            (|it| it.after_trouble = vec![None], "never came after its refusals"),
            (
                |it| it.tally.succeeded(CallKind::App, LONGEST_APP_CALL * 2),
                "an app-token call took 50.0 s",
            ),
            (|it| it.lost_callers = 3, "3 callers did not return"),
            (|it| it.after.threads += 1, "1 threads were left over"),
            (|it| it.acquired = 1, "proves nothing: no app token was ever renewed"),
            (|it| it.healthy[1].longest = Duration::ZERO, "noisy returned no user token"),
            (|it| it.healthy[3].replacements.clear(), "no token of cached-users was revoked"),
        ];
        for (change, expected) in breaks {
            let mut figures = well();
            change(&mut figures);
            let broken = judge(&figures, &plan());
            assert!(broken.len() == 1 && broken[0].contains(expected), "{expected}: {broken:?}");
        }
    }

    #[test]
    fn a_run_without_refusals_needs_no_time_after_them() {
        let figures = Figures { after_trouble: Vec::new(), ..well() };
        assert_eq!(judge(&figures, &plan()).len(), 1);
        let brief = Plan::lasting(1, 1);
        assert_eq!(judge(&figures, &brief), Vec::<String>::new());
    }

    #[test]
    fn a_run_without_events_proves_nothing() {
        let broken = judge(&Figures::default(), &plan());
        assert!(broken.len() > 5 && broken.iter().all(|it| it.contains("proves nothing")));
    }
}
