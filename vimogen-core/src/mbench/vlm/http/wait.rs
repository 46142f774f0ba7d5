//! Waits requested by a server: `Retry-After`, the common rate-limit headers, and Gemini's `retryDelay`.

use std::time::Duration;

use httpdate::parse_http_date;
use serde_json::Value;

/// Wait requested by a failed response.
pub(super) fn after_failure(header: &dyn Fn(&str) -> Option<String>, body: &Value) -> Option<Duration> {
    let millis = header("retry-after-ms").and_then(|value| value.trim().parse::<f64>().ok()).map(|ms| ms / 1000.0);
    let seconds = millis.or_else(|| header("retry-after").and_then(|value| until_date(&value, &header("date")?)));
    // Plain seconds need no clock to compare with.
    let seconds = seconds.or_else(|| header("retry-after").and_then(|value| value.trim().parse().ok()));
    seconds.and_then(duration).or_else(|| retry_delay(body)).or_else(|| until_reset(header))
}

/// Pause before the next request, if the quota is used up.
pub(super) fn until_reset(header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
    let pause = |what: &str| {
        let left: f64 = header(&format!("x-ratelimit-remaining-{what}"))?.trim().parse().ok()?;
        if left > 0.0 {
            return None;
        }
        span(&header(&format!("x-ratelimit-reset-{what}"))?)
    };
    pause("requests").max(pause("tokens"))
}

/// Gemini: `error.details[]` holds `{"@type": ".../google.rpc.RetryInfo", "retryDelay": "37s"}`.
fn retry_delay(body: &Value) -> Option<Duration> {
    let details = body.get("error")?.get("details")?.as_array()?;
    details.iter().find_map(|detail| span(detail.get("retryDelay")?.as_str()?))
}

fn duration(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() { None } else { Duration::try_from_secs_f64(seconds.max(0.0)).ok() }
}

/// `1s`, `6m0s`, `1h2m`, `120ms`, or plain seconds.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<f64>() {
        return duration(seconds);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let factor = match &rest[digits..unit] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += rest[..digits].parse::<f64>().ok()? * factor;
        rest = &rest[unit..];
    }
    duration(seconds)
}

/// Seconds until a `Retry-After` date, by the server's own clock.
fn until_date(value: &str, now: &str) -> Option<f64> {
    let (until, now) = (parse_http_date(value).ok()?, parse_http_date(now).ok()?);
    Some(until.duration_since(now).map_or(0.0, |wait| wait.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wait(headers: &[(&str, &str)], body: Value) -> Option<f64> {
        let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        after_failure(&header, &body).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn every_form_of_wait_is_read() {
        assert_eq!(wait(&[("retry-after", "7")], Value::Null), Some(7.0));
        assert_eq!(wait(&[("retry-after-ms", "250"), ("retry-after", "1")], Value::Null), Some(0.25));
        let dates = [("retry-after", "Fri, 01 Mar 2024 00:00:30 GMT"), ("date", "Thu, 29 Feb 2024 23:59:50 GMT")];
        assert_eq!(wait(&dates, Value::Null), Some(40.0));
        let older = [("retry-after", "Friday, 01-Mar-24 00:00:30 GMT"), ("date", "Thu Feb 29 23:59:50 2024")];
        assert_eq!(wait(&older, Value::Null), Some(40.0));
        let past = [("retry-after", "Thu, 29 Feb 2024 23:59:50 GMT"), ("date", "Fri, 01 Mar 2024 00:00:30 GMT")];
        assert_eq!(wait(&past, Value::Null), Some(0.0));
        let gemini = json!({"error": {"details": [{"@type": "a"}, {"@type": "b", "retryDelay": "37.5s"}]}});
        assert_eq!(wait(&[], gemini), Some(37.5));
        let used_up = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")];
        assert_eq!(wait(&used_up, Value::Null), Some(360.0));
        let left = [("x-ratelimit-remaining-tokens", "12"), ("x-ratelimit-reset-tokens", "120ms")];
        assert_eq!(wait(&left, Value::Null), None);
    }

    #[test]
    fn malformed_waits_are_ignored() {
        for value in ["soon", "", "-", "1x", "nan", "Sun, 06 Nov 1994", "99999999999999999999999999", "1e400"] {
            let headers = [("retry-after", value), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
            assert_eq!(wait(&headers, json!({"error": {"details": 3}})), None, "{value}");
        }
        assert_eq!(span("5s6"), None);
    }
}
