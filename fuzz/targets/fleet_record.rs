//! Any bytes as the shared record of a fleet: a record or none, no token shown, and always a step.
#![no_main]

use std::time::Duration;

use easemob_token_core::{
    Fleet, FleetEvent, FleetRecord, FleetRun, FleetStart, FleetStep, Jitter, Now, Uptime, WallTime,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let record = FleetRecord::decode(bytes);
    assert!(FleetRecord::decode(&record.encode()).encode() == record.encode());
    let now = Now { wall: WallTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };
    let deadline = now.uptime.after(Duration::from_secs(20));
    let request_timeout = Duration::from_secs(10);
    let start =
        FleetStart { owner: 1 << 64, held: None, reported: None, request_timeout, deadline };
    for left in [None, Some(Duration::ZERO), Some(Duration::from_secs(60))] {
        let mut fleet = Fleet::new();
        let (mut run, _) = FleetRun::new(start.clone(), &fleet, now);
        let read = FleetEvent::Read { record: &record, left };
        match run.next(&mut fleet, read, now, Jitter::new(0.5)) {
            FleetStep::Adopt { token, .. } => {
                let shown = format!("{record:?} {run:?} {token:?}");
                let text = token.access_token().expose();
                assert!(text.len() < 20 || !shown.contains(text));
            }
            FleetStep::ReadAt(time) => assert!(time < deadline),
            FleetStep::Swap { keep, .. } => assert!(keep >= Duration::from_secs(60)),
            FleetStep::Rest(_) | FleetStep::Fetch => {}
            step => panic!("{step:?}"),
        }
    }
});
