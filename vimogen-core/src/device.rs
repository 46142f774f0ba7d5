//! Names of devices: `cpu`, `cuda:0`, `wgpu`.

use std::fmt;
use std::str::FromStr;

/// An opened device, as Burn names it; see [`DeviceSpec::open`].
pub use burn::tensor::Device;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use burn::tensor::DeviceType;

use crate::error::{Error, Result};
use crate::process;

/// Environment variables of the local rank, set by Open MPI, MPICH and Intel MPI, MVAPICH, Slurm and torchrun. Slurm's comes
/// after those of MPI: under an `mpirun` that Slurm started, it has one value in all processes.
#[cfg(any(feature = "cuda", test))]
const LOCAL_RANK: [&str; 5] =
    ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", "LOCAL_RANK"];

/// Index of the device of this process among `found` devices, from its local rank.
#[cfg(any(feature = "cuda", test))]
fn own(found: usize, variable: impl Fn(&str) -> Option<String>) -> usize {
    let rank = LOCAL_RANK.iter().find_map(|name| variable(name)?.parse::<usize>().ok());
    rank.unwrap_or(0) % found.max(1)
}

/// A device by name, not yet opened.
///
/// ```
/// use vimogen_core::DeviceSpec;
/// assert_eq!("cuda:1".parse::<DeviceSpec>()?, DeviceSpec::Cuda(Some(1)));
/// assert_eq!(DeviceSpec::default().to_string(), "cpu");
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeviceSpec {
    /// The CPU; always available.
    #[default]
    Cpu,
    /// An NVIDIA GPU by index. Without an index it is the first, or, for processes that `mpirun`, `srun` or `torchrun` started,
    /// the one of their local rank. Needs the feature `cuda`.
    Cuda(Option<usize>),
    /// A GPU through Vulkan, Metal, DX12 or WebGPU, by index or the best one. Needs the feature `wgpu`.
    Wgpu(Option<usize>),
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(None) => write!(f, "cuda"),
            Self::Cuda(Some(index)) => write!(f, "cuda:{index}"),
            Self::Wgpu(None) => write!(f, "wgpu"),
            Self::Wgpu(Some(index)) => write!(f, "wgpu:{index}"),
        }
    }
}

impl FromStr for DeviceSpec {
    type Err = Error;

    /// Reads `cpu`, `cuda`, `cuda:N`, `wgpu` or `wgpu:N`.
    ///
    /// # Errors
    /// [`Error::Device`] for anything else.
    fn from_str(name: &str) -> Result<Self> {
        let (kind, index) = match name.split_once(':') {
            None => (name, None),
            Some((kind, index)) => (kind, Some(index.parse().map_err(|_| unknown(name))?)),
        };
        match (kind, index) {
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", index) => Ok(Self::Cuda(index)),
            ("wgpu", index) => Ok(Self::Wgpu(index)),
            _ => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> Error {
    Error::Device { device: name.into(), reason: "the names are cpu, cuda, cuda:N, wgpu, wgpu:N".into() }
}

impl DeviceSpec {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::Device`] if this build lacks the feature of the device, which the message names, or if the machine has no such
    /// device.
    pub fn open(self) -> Result<Device> {
        if self != Self::Cpu {
            process::check_accelerator()?;
        }
        match self {
            Self::Cpu => self.cpu(),
            Self::Cuda(index) => self.cuda(index),
            Self::Wgpu(index) => self.wgpu(index),
        }
    }

    fn error(self, reason: impl Into<String>) -> Error {
        Error::Device { device: self.to_string(), reason: reason.into() }
    }

    #[cfg(not(all(feature = "cpu", feature = "cuda", feature = "wgpu")))]
    fn not_compiled(self, feature: &str) -> Error {
        self.error(format!("this build lacks it; build vimogen-core with the feature {feature:?}"))
    }

    /// The device of this index. Burn panics on one that does not exist, so the index is checked first.
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    fn pick(self, kind: DeviceType, index: usize) -> Result<Device> {
        let devices = Device::enumerate(kind).into_vec();
        let found = devices.len();
        let none =
            || self.error(format!("this machine has {found} such devices, numbered from 0; \"cpu\" always works"));
        devices.into_iter().nth(index).ok_or_else(none)
    }

    #[cfg(feature = "cpu")]
    fn cpu(self) -> Result<Device> {
        Ok(Device::flex())
    }

    #[cfg(not(feature = "cpu"))]
    fn cpu(self) -> Result<Device> {
        Err(self.not_compiled("cpu"))
    }

    #[cfg(feature = "cuda")]
    fn cuda(self, index: Option<usize>) -> Result<Device> {
        let found = || Device::enumerate(DeviceType::Cuda).into_vec().len();
        let index = index.unwrap_or_else(|| own(found(), |name| std::env::var(name).ok()));
        self.pick(DeviceType::Cuda, index)
    }

    #[cfg(not(feature = "cuda"))]
    fn cuda(self, _: Option<usize>) -> Result<Device> {
        Err(self.not_compiled("cuda"))
    }

    #[cfg(feature = "wgpu")]
    fn wgpu(self, index: Option<usize>) -> Result<Device> {
        let first = self.pick(DeviceType::Wgpu, index.unwrap_or(0))?;
        match index {
            Some(_) => Ok(first),
            None => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        }
    }

    #[cfg(not(feature = "wgpu"))]
    fn wgpu(self, _: Option<usize>) -> Result<Device> {
        Err(self.not_compiled("wgpu"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn names_are_read_and_written() {
        for (name, spec) in [
            ("cpu", DeviceSpec::Cpu),
            ("cuda", DeviceSpec::Cuda(None)),
            ("cuda:0", DeviceSpec::Cuda(Some(0))),
            ("cuda:12", DeviceSpec::Cuda(Some(12))),
            ("wgpu", DeviceSpec::Wgpu(None)),
            ("wgpu:1", DeviceSpec::Wgpu(Some(1))),
        ] {
            assert_eq!(name.parse::<DeviceSpec>().unwrap(), spec);
            assert_eq!(spec.to_string(), name);
        }
        for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "CUDA 0", "cuda:99999999999999999999"] {
            let error = name.parse::<DeviceSpec>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::Device);
            assert!(error.to_string().contains("cuda:N"), "{error}");
        }
    }

    #[test]
    fn each_process_of_a_machine_has_its_own_gpu() {
        let number = |found: usize, set: &[(&str, &str)]| {
            own(found, |name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| value.to_string()))
        };
        assert_eq!(number(8, &[]), 0);
        let four: Vec<usize> = (0..4).map(|rank| number(4, &[("SLURM_LOCALID", &rank.to_string())])).collect();
        assert_eq!(four, [0, 1, 2, 3]);
        // Under Slurm the rank of mpirun decides; processes share devices if they outnumber them.
        let both = [("SLURM_LOCALID", "0"), ("OMPI_COMM_WORLD_LOCAL_RANK", "5")];
        assert_eq!([8, 4, 1, 0].map(|found| number(found, &both)), [5, 1, 0, 0]);
        assert_eq!(number(4, &[("LOCAL_RANK", "2")]), 2);
        assert_eq!(number(4, &[("MPI_LOCALRANKID", "no number")]), 0);
    }

    #[test]
    fn the_cpu_opens_and_errors_of_other_devices_name_a_remedy() {
        DeviceSpec::Cpu.open().unwrap();
        for spec in [DeviceSpec::Cuda(Some(99)), DeviceSpec::Wgpu(Some(99))] {
            let text = spec.open().unwrap_err().to_string();
            assert!(text.contains("feature") || text.contains("\"cpu\" always works"), "{text}");
        }
    }
}
