//! Programs on a terminal of their own, which a test types on.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// What the program writes to its terminal, and its input.
pub(crate) struct Terminal {
    pub(crate) screen: File,
    pub(crate) child: Child,
}

impl Terminal {
    /// Starts a program with the arguments and variables of a command, as in a window.
    pub(crate) fn start(inner: &Command) -> Self {
        let controller: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let device = || File::options().read(true).write(true).open(&name).unwrap();
        // The terminal becomes the one of the process.
        let mut outer = Command::new("setsid");
        outer.arg("-c").arg(inner.get_program()).args(inner.get_args());
        let variables = inner.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let path = std::env::var_os("PATH").unwrap_or_default();
        outer.env_clear().env("PATH", path).envs(variables.collect::<Vec<(&OsStr, &OsStr)>>());
        outer.stdin(device()).stdout(device()).stderr(device());
        inner.get_current_dir().map(|folder| outer.current_dir(folder));
        Self { screen: controller.into(), child: outer.spawn().unwrap() }
    }

    /// Reads up to this text, and returns all of it.
    pub(crate) fn read_to(&mut self, text: &str) -> String {
        let (mut byte, mut seen) = ([0], Vec::new());
        while !seen.ends_with(text.as_bytes()) {
            match self.screen.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                ended => panic!("no {text:?}: {ended:?}: {}", String::from_utf8_lossy(&seen)),
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }
}
