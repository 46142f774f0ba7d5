//! Available memory.

use std::path::Path;

/// Bytes that can be allocated without swapping: the minimum of Linux's `MemAvailable` and the rest of the process's control
/// group. `None` if unknown.
pub(super) fn available() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo(&text))?;
    Some(rest_of_group(Path::new("/sys/fs/cgroup")).map_or(system, |group| group.min(system)))
}

/// The rest of a control group's memory limit, by the names of version 2, then of version 1.
fn rest_of_group(folder: &Path) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let names = [["memory.max", "memory.current"], ["memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"]];
    names.into_iter().find_map(|[most, used]| Some(number(most)?.saturating_sub(number(used).unwrap_or(0))))
}

fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_of_either_version_leaves_its_limit_less_what_is_used() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(rest_of_group(folder.path()), None);
        std::fs::create_dir(folder.path().join("memory")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("memory/memory.limit_in_bytes", "1000\n");
        write("memory/memory.usage_in_bytes", "300\n");
        assert_eq!(rest_of_group(folder.path()), Some(700));
        write("memory.max", "500\n");
        write("memory.current", "600\n");
        assert_eq!(rest_of_group(folder.path()), Some(0));
        // No limit.
        write("memory.max", "max\n");
        assert_eq!(rest_of_group(folder.path()), Some(700));
    }

    #[test]
    fn the_line_of_linux_is_read() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:   23456 kB\n"), Some(23456 * 1024));
        assert_eq!(meminfo("MemAvailable: nonsense kB"), None);
        assert_eq!(meminfo("MemAvailable: 99999999999999999999 kB"), None);
    }
}
