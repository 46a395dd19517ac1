//! Content of a decoded token, as a table or as one JSON object; never the token itself.

use std::time::{Duration, SystemTime};

use easemob_token::Lifetime;
use easemob_token::dynamic::{Fault, UnverifiedToken};
use easemob_token::inspect::{Confidence, Inspection, TextKind, TokenKind};
use serde::Serialize;

use crate::failure::Failure;
use crate::time;

/// A decoded token; the fields are the members of the JSON form, without those that do not apply.
#[derive(Serialize)]
pub(crate) struct Findings {
    kind: &'static str,
    #[serde(flatten)]
    access: Option<Access>,
    #[serde(flatten)]
    dynamic: Option<Dynamic>,
    #[serde(flatten)]
    life: Option<Life>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Access {
    confidence: &'static str,
    application: String,
    principal: String,
    token_id: String,
}

#[derive(Serialize)]
struct Dynamic {
    app_key: Option<String>,
    username: String,
    signature: SignatureState,
    faults: Vec<&'static str>,
    #[serde(skip)]
    fault_lines: Vec<String>,
}

/// State of the signature of a dynamic token.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignatureState {
    Good,
    Bad,
    /// No client secret is set, or the token is for another app.
    Unchecked,
}

#[derive(Serialize)]
struct Life {
    issued_at: Option<String>,
    lifetime: &'static str,
    /// `None` if it is permanent.
    lifetime_seconds: Option<u64>,
    expires_at: Option<String>,
    expired: bool,
    /// Zero if it is expired.
    left_seconds: Option<u64>,
    #[serde(skip)]
    state: String,
}

impl Findings {
    pub(crate) fn access(inspection: &Inspection) -> Self {
        let access = Access {
            confidence: match inspection.confidence() {
                Confidence::High => "high",
                Confidence::Low => "low",
            },
            application: inspection.application().to_string(),
            principal: inspection.principal().to_string(),
            token_id: inspection.token_id().to_string(),
        };
        let kind = match inspection.kind() {
            TokenKind::App => "app",
            TokenKind::User => "user",
        };
        Self { access: Some(access), ..Self::of(kind) }
    }

    pub(crate) fn dynamic(
        token: &UnverifiedToken,
        signature: SignatureState,
        faults: &[Fault],
    ) -> Self {
        let dynamic = Dynamic {
            app_key: token.app_key().map(ToString::to_string),
            username: token.user_id().to_owned(),
            signature,
            faults: faults.iter().map(|fault| fault.as_str()).collect(),
            fault_lines: faults.iter().map(ToString::to_string).collect(),
        };
        Self { dynamic: Some(dynamic), ..Self::of("dynamic") }
    }

    /// A text that cannot be decoded, with the reason if it is known.
    pub(crate) fn undecoded(kind: TextKind, reason: Option<String>) -> Self {
        Self { reason, ..Self::of(kind.as_str()) }
    }

    fn of(kind: &'static str) -> Self {
        Self { kind, access: None, dynamic: None, life: None, reason: None }
    }

    /// Adds time of issue, lifetime and the time left; it is expired when the leeway is over too.
    pub(crate) fn lived(
        mut self,
        issued_at: Option<SystemTime>,
        lifetime: Lifetime,
        now: SystemTime,
        leeway: Duration,
    ) -> Self {
        let life = lifetime.duration();
        let end = issued_at.zip(life).and_then(|(issued, life)| issued.checked_add(life));
        let past = end.map(|end| now.duration_since(end).unwrap_or_default());
        let left = end.map(|end| end.duration_since(now).unwrap_or_default()).min(life);
        let expired = left == Some(Duration::ZERO) && past >= Some(leeway);
        let state = match (left, past.map(time::span)) {
            (Some(left), _) if !left.is_zero() => format!("{} left", time::span(left)),
            (Some(_), Some(past)) if expired => format!("expired {past} ago"),
            (Some(_), Some(past)) => {
                format!("ended {past} ago, within the leeway of {}", time::span(leeway))
            }
            _ if life.is_none() => "never expires".to_owned(),
            _ => "expires beyond the representable time".to_owned(),
        };
        self.life = Some(Life {
            issued_at: issued_at.and_then(time::rfc3339_ms),
            lifetime: if life.is_some() { "expires" } else { "permanent" },
            lifetime_seconds: life.map(|life| life.as_secs()),
            expires_at: end.and_then(time::rfc3339_ms),
            expired,
            left_seconds: left.map(|left| left.as_secs()),
            state,
        });
        self
    }

    /// Whether the service would refuse it, as far as it shows. An opaque token shows nothing.
    pub(crate) fn is_expired_or_faulty(&self) -> bool {
        self.reason.is_some()
            || self.life.as_ref().is_some_and(|life| life.expired)
            || self.dynamic.as_ref().is_some_and(|dynamic| !dynamic.faults.is_empty())
    }

    pub(crate) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string(self)
            .map_err(|error| Failure::internal(format!("cannot write JSON: {error}")))
    }

    pub(crate) fn table(&self) -> String {
        let mut rows: Vec<(&str, String)> = Vec::new();
        let kind = match self.kind {
            "app" => "app token",
            "user" => "user token",
            "dynamic" => "dynamic user token",
            "cut_off" => "cut off: only a part of a token",
            "jwt" | "agora" => "not a token of Easemob",
            "credential" => "not a token",
            _ => "opaque: nothing to decode (not an error)",
        };
        rows.push(("kind", kind.to_owned()));
        if let Some(access) = &self.access {
            rows.push(("application", access.application.clone()));
            if self.kind == "user" {
                rows.push(("user", access.principal.clone()));
            }
            rows.push(("token id", access.token_id.clone()));
        }
        if let Some(dynamic) = &self.dynamic {
            let app_key = dynamic.app_key.as_deref().unwrap_or("not a valid App Key");
            rows.push(("app key", app_key.to_owned()));
            // The text of the token is not trusted.
            rows.push(("user", dynamic.username.escape_debug().to_string()));
        }
        if let Some(life) = &self.life {
            let beyond = || "beyond the year 9999".to_owned();
            rows.push(("issued", life.issued_at.clone().unwrap_or_else(beyond)));
            let (lifetime, expires) = match life.lifetime_seconds {
                Some(seconds) => {
                    let span = time::span(Duration::from_secs(seconds));
                    let lifetime = format!("{} s ({span})", time::grouped(seconds));
                    (lifetime, life.expires_at.clone().unwrap_or_else(beyond))
                }
                None => ("permanent".to_owned(), "never".to_owned()),
            };
            rows.push(("lifetime", lifetime));
            rows.push(("expires", expires));
            rows.push(("state", life.state.clone()));
        }
        if let Some(access) = &self.access {
            let text = match access.confidence {
                "high" => "matches the public samples",
                _ => "matches the public samples in part: a guess",
            };
            rows.push(("layout", format!("{text}; undocumented, not verified")));
        }
        if let Some(dynamic) = &self.dynamic {
            let text = match dynamic.signature {
                SignatureState::Good => "good",
                SignatureState::Bad => "bad",
                SignatureState::Unchecked => {
                    "not checked: set EASEMOB_CLIENT_ID and EASEMOB_CLIENT_SECRET"
                }
            };
            rows.push(("signature", text.to_owned()));
            rows.extend(dynamic.fault_lines.iter().map(|line| ("fault", line.clone())));
        }
        rows.extend(self.reason.iter().map(|reason| ("reason", reason.clone())));
        let lines: Vec<_> =
            rows.iter().map(|(name, value)| format!("{name:<11}  {value}")).collect();
        lines.join("\n")
    }
}
