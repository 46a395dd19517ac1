//! A client's builder from environment variables.

use easemob_token_core::{BaseUrl, TtlUnits};
use easemob_token_transport::ConfigError;

use super::{Environment, parse, parse_count, parse_limit, parse_ttl};
use crate::{Client, ClientBuilder};

impl ClientBuilder {
    /// Starts a builder from the environment variables of this process.
    ///
    /// | variable | setting |
    /// |---|---|
    /// | `EASEMOB_BASE_URL` | the base URL, such as `https://a1.easemob.com` |
    /// | `EASEMOB_APP_KEY` | the App Key, `org#app`; or `EASEMOB_ORG_NAME` and `EASEMOB_APP_NAME` |
    /// | `EASEMOB_CLIENT_ID` | the client ID |
    /// | `EASEMOB_CLIENT_SECRET` | the client secret; or `EASEMOB_CLIENT_SECRET_FILE`, a file that holds it |
    /// | `EASEMOB_TTL` | [`app_token_ttl`](Self::app_token_ttl): `12h`, `60d`, `permanent`, … (see [`parse_ttl`]) |
    /// | `EASEMOB_TTL_UNIT` | [`ttl_units`](Self::ttl_units): `seconds`, `milliseconds`, or `request=…,response=…` |
    /// | `EASEMOB_TIMEOUT` | [`request_timeout`](Self::request_timeout), such as `10s` |
    /// | `EASEMOB_DEADLINE` | [`acquisition_deadline`](Self::acquisition_deadline), such as `20s` |
    /// | `EASEMOB_MAX_ATTEMPTS` | [`max_attempts`](Self::max_attempts) |
    /// | `EASEMOB_USER_AGENT` | [`user_agent`](Self::user_agent) |
    ///
    /// The first four are required. The command `easemob-token` reads the same variables. Values are
    /// trimmed, and an empty variable counts as unset ([`Environment`]). The transport is set in code:
    ///
    /// ```no_run
    /// # #[cfg(feature = "hyper")]
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use easemob_token::{ClientBuilder, hyper::HyperTransport};
    ///
    /// let client = ClientBuilder::from_env()?.transport(HyperTransport::new()).build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// One error for all variables that are missing or wrong, each with what to write. It shows no
    /// value.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_environment(&Environment::of_process())
    }

    /// Starts a builder from these variables; see [`from_env`](Self::from_env).
    ///
    /// # Errors
    ///
    /// See [`from_env`](Self::from_env).
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let mut settings = Settings { environment, problems: Vec::new() };
        let base_url = environment.parsed("EASEMOB_BASE_URL", parse::<BaseUrl>);
        let base_url = settings.required("EASEMOB_BASE_URL", base_url, "https://a1.easemob.com");
        let app_key = settings.required("EASEMOB_APP_KEY", environment.app_key(), "org#app");
        let client_id = environment.text("EASEMOB_CLIENT_ID");
        let client_id = settings.required("EASEMOB_CLIENT_ID", client_id, "the app's client ID");
        let secret = environment.secret("EASEMOB_CLIENT_SECRET", "EASEMOB_CLIENT_SECRET_FILE");
        let secret = settings.required(
            "EASEMOB_CLIENT_SECRET",
            secret,
            "the secret, or set EASEMOB_CLIENT_SECRET_FILE to the file that holds it",
        );
        let ttl = settings.optional("EASEMOB_TTL", parse_ttl);
        let units = settings.optional("EASEMOB_TTL_UNIT", parse::<TtlUnits>);
        let timeout = settings.optional("EASEMOB_TIMEOUT", parse_limit);
        let deadline = settings.optional("EASEMOB_DEADLINE", parse_limit);
        let attempts = settings.optional("EASEMOB_MAX_ATTEMPTS", parse_count);
        let user_agent = settings.valid(environment.text("EASEMOB_USER_AGENT"));
        let (Some(base_url), Some(app_key), Some(client_id), Some(secret), true) =
            (base_url, app_key, client_id, secret, settings.problems.is_empty())
        else {
            return Err(ConfigError::new("environment", settings.problems.join("; ")));
        };
        let mut builder = Client::builder(base_url, app_key)
            .client_credentials(client_id, secret)
            .app_token_ttl(ttl.unwrap_or_default())
            .ttl_units(units.unwrap_or_default());
        if let Some(user_agent) = user_agent {
            builder = builder.user_agent(user_agent);
        }
        if let Some(timeout) = timeout {
            builder = builder.request_timeout(timeout);
        }
        if let Some(deadline) = deadline {
            builder = builder.acquisition_deadline(deadline);
        }
        if let Some(attempts) = attempts {
            builder = builder.max_attempts(attempts.get());
        }
        Ok(builder)
    }
}

/// The variables, and the problems found so far.
struct Settings<'a> {
    environment: &'a Environment,
    problems: Vec<String>,
}

impl Settings<'_> {
    fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &str) -> Result<T, ConfigError>,
    ) -> Option<T> {
        self.valid(self.environment.parsed(name, parse))
    }

    fn valid<T>(&mut self, value: Result<Option<T>, ConfigError>) -> Option<T> {
        value.unwrap_or_else(|error| {
            self.problems.push(error.to_string());
            None
        })
    }

    /// The value; if it is missing or wrong, the problem is noted.
    fn required<T>(
        &mut self,
        name: &'static str,
        value: Result<Option<T>, ConfigError>,
        example: &str,
    ) -> Option<T> {
        match value {
            Ok(Some(value)) => return Some(value),
            Ok(None) => self.problems.push(format!("{name}: missing; set it to {example}")),
            Err(error) => self.problems.push(error.to_string()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("EASEMOB_BASE_URL", "https://a1.easemob.com"),
        ("EASEMOB_APP_KEY", "org#app"),
        ("EASEMOB_CLIENT_ID", "id"),
        ("EASEMOB_CLIENT_SECRET", "secret"),
    ];

    /// The good variables, with these set in their place; those that are empty count as unset.
    fn from(changed: &[(&'static str, &str)]) -> Result<ClientBuilder, ConfigError> {
        let changed: Vec<_> = changed.iter().map(|(n, value)| (*n, (*value).to_owned())).collect();
        let environment = Environment::from_fn(move |name| {
            let own = changed.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
            let good = GOOD.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
            own.or(good).map(Into::into)
        });
        ClientBuilder::from_environment(&environment)
    }

    fn problem(changed: &[(&'static str, &str)]) -> String {
        from(changed).expect_err("a wrong variable").to_string()
    }

    #[test]
    fn values_are_trimmed_and_optional_ones_may_be_empty() {
        assert!(from(&[]).is_ok());
        let settings = [
            ("EASEMOB_BASE_URL", "\u{feff}https://a1.easemob.com\r\n"),
            ("EASEMOB_APP_KEY", "\torg#app "),
            ("EASEMOB_TTL", ""),
            ("EASEMOB_TTL_UNIT", " \r"),
            ("EASEMOB_TIMEOUT", "500ms\r"),
            ("EASEMOB_DEADLINE", " 20s"),
            ("EASEMOB_MAX_ATTEMPTS", "2\n"),
            ("EASEMOB_CLIENT_SECRET_FILE", "  "),
        ];
        assert!(from(&settings).is_ok());
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_told_at_once_without_a_value() {
        let nothing = GOOD.map(|(name, _)| (name, " "));
        let all = problem(&nothing);
        for (name, _) in GOOD {
            assert!(all.contains(&format!("{name}: missing; set it to ")), "{all}");
        }
        let wrong = [
            "EASEMOB_BASE_URL",
            "EASEMOB_APP_KEY",
            "EASEMOB_TTL",
            "EASEMOB_TTL_UNIT",
            "EASEMOB_TIMEOUT",
            "EASEMOB_DEADLINE",
            "EASEMOB_MAX_ATTEMPTS",
        ];
        let all = problem(&wrong.map(|name| (name, "YXA6-secret")));
        for name in wrong {
            assert!(all.contains(&format!("{name}: ")), "{name}: {all}");
        }
        assert!(!all.contains("YXA6") && !all.contains("missing"), "{all}");
    }

    #[test]
    fn the_app_key_may_be_two_names() {
        let names = [("EASEMOB_ORG_NAME", "org"), ("EASEMOB_APP_NAME", "app ")];
        let alone = [("EASEMOB_APP_KEY", ""), names[0], names[1]];
        assert!(from(&alone).is_ok() && from(&names).is_ok());
        assert!(problem(&alone[..2]).contains("EASEMOB_APP_NAME: missing"));
        assert!(problem(&[names[0], ("EASEMOB_APP_NAME", "other")]).contains("contradicts"));
    }

    #[test]
    fn a_secret_file_is_read_and_its_faults_name_the_variable_alone() {
        const FILE: &str = "EASEMOB_CLIENT_SECRET_FILE";
        let with = |path: &str| from(&[("EASEMOB_CLIENT_SECRET", " "), (FILE, path)]);
        let folder = std::env::temp_dir().join(format!("easemob-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let good = file("good", b"\xef\xbb\xbfsecret\r\n");
        assert!(with(good.to_str().unwrap()).is_ok());
        assert!(problem(&[(FILE, "x")]).contains("set together with EASEMOB_CLIENT_SECRET"));
        let faults: [(&str, PathBuf); 7] = [
            ("working directory", PathBuf::from("YXA6-missing")),
            ("cannot read the file", PathBuf::from("/YXA6/missing")),
            ("a directory", folder.clone()),
            ("larger than 64 KiB", file("huge", &[b'x'; (64 << 10) + 1])),
            ("is empty", file("empty", b" \r\n")),
            ("is UTF-16", file("utf16", b"\xff\xfes\0")),
            ("not UTF-8", file("binary", b"secret\xff")),
        ];
        for (text, path) in faults {
            let path = path.to_str().unwrap();
            let problem = with(path).expect_err(path).to_string();
            assert!(problem.contains(FILE) && problem.contains(text), "{problem}");
            assert!(!problem.contains("YXA6") && !problem.contains(path), "{problem}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        #[cfg(unix)]
        assert!(with("/dev/zero").unwrap_err().to_string().contains("regular file"));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf_8_is_named_and_not_shown() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;

        let environment = Environment::from_fn(|_| Some(OsString::from_vec(b"MARK\xff".to_vec())));
        let all = ClientBuilder::from_environment(&environment).unwrap_err().to_string();
        assert_eq!(all.matches("is not UTF-8").count(), 10, "{all}");
        assert!(!all.contains("MARK"), "{all}");
    }
}
