//! How much memory is left.

/// Bytes that can be allocated before the system swaps or kills: what Linux says is available, and what the process's
/// control group leaves. None where this is not known.
pub(super) fn available() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo(&text))?;
    let number =
        |name: &str| std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<u64>().ok();
    let group = number("memory.max").map(|most| most.saturating_sub(number("memory.current").unwrap_or(0)));
    Some(group.map_or(system, |group| group.min(system)))
}

fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_linux_is_read() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:   23456 kB\n"), Some(23456 * 1024));
        assert_eq!(meminfo("MemAvailable: nonsense kB"), None);
        assert_eq!(meminfo("MemAvailable: 99999999999999999999 kB"), None);
    }
}
