//! `vimogen.TextEncoder` and `vimogen.download`.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyList;
use vimogen_core::data::{EncodeJob, encode_manifest};
use vimogen_core::text::umt5::{Umt5Encoder, Umt5Options};
use vimogen_core::text::{EmbedCache, TextEncoder as _};
use vimogen_core::weights::download;

use crate::args::{self, given};
use crate::error::{OrRaise, invalid};
use crate::run::{interruptible, with_progress};

/// Default size of the cache of encoded prompts in bytes.
const CACHE_BYTES: u64 = 2 << 30;

/// The release's text encoder, UMT5-XXL.
///
/// Examples
/// --------
/// >>> encoder = vimogen.TextEncoder.from_pretrained("Wan2.1-T2V-1.3B")  # doctest: +SKIP
/// >>> encoder.encode("a person waves").shape  # doctest: +SKIP
/// (5, 4096)
#[pyclass(frozen, module = "vimogen", name = "TextEncoder")]
pub struct TextEncoder {
    core: Arc<Umt5Encoder>,
}

impl TextEncoder {
    /// The encoder, shared.
    pub fn core(&self) -> Arc<Umt5Encoder> {
        self.core.clone()
    }

    /// Opens an encoder that computes on a device.
    pub fn open(
        py: Python<'_>,
        path: PathBuf,
        memory: &str,
        dtype: &str,
        device: &str,
        cache: Option<(PathBuf, u64)>,
    ) -> PyResult<Self> {
        let memory = memory.parse().or_raise(py)?;
        let dtype = dtype.parse().or_raise(py)?;
        let device = args::device(py, device)?;
        let core = interruptible(py, move || {
            let cache = cache.map(|(folder, bytes)| EmbedCache::new(folder, bytes)).transpose()?;
            let options = Umt5Options::default().with_memory(memory).with_dtype(dtype).with_cache(cache);
            Umt5Encoder::open(&path, &options.with_device(device.open()?))
        })?;
        Ok(Self { core: Arc::new(core) })
    }
}

#[pymethods]
impl TextEncoder {
    /// Open an encoder.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     A folder with weights (the release's ``models_t5_umt5-xxl-enc-bf16.pth``, or safetensors with the names of
    ///     `transformers`) and ``tokenizer.json``, or the file of the weights.
    /// memory : str
    ///     ``"streamed"``: one block at a time. ``"resident"``: all blocks. ``"auto"``: all if they fit.
    /// dtype : str
    ///     Type of the matrices, ``"stored"`` (that of the file) or ``"int8"`` (half the memory of bf16).
    /// device : str
    ///     ``"cpu"``, ``"cuda:0"`` or ``"wgpu"``.
    /// cache : str or os.PathLike, optional
    ///     A folder for encoded prompts. Several processes may share it.
    /// cache_bytes : int, default 2 GiB
    ///     Maximum size of the cache in bytes.
    #[staticmethod]
    #[pyo3(signature = (path, *, memory="auto", dtype="stored", device="cpu", cache=None, cache_bytes=CACHE_BYTES))]
    fn from_pretrained(
        py: Python<'_>,
        path: PathBuf,
        memory: &str,
        dtype: &str,
        device: &str,
        cache: Option<PathBuf>,
        cache_bytes: u64,
    ) -> PyResult<Self> {
        Self::open(py, path, memory, dtype, device, cache.map(|folder| (folder, cache_bytes)))
    }

    /// Encode a prompt to (L, dim), or a list of prompts, which takes little longer than one, to a list.
    ///
    /// The empty prompt is encoded as the absence of a prompt.
    #[pyo3(signature = (prompt, *, callback=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        prompt: Bound<'py, PyAny>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let missing = || invalid(py, "prompt", "there is none");
        let prompts = given(Some(&prompt), "prompt", "a string", |v| v.extract::<String>())?.ok_or_else(missing)?;
        let listed = prompts.listed();
        let texts: Vec<&str> = (0..listed.unwrap_or(1)).filter_map(|i| prompts.at(i)).map(String::as_str).collect();
        let rows = with_progress(py, callback, |on_progress| self.core.encode_texts(&texts, on_progress))?;
        let mut rows = rows.into_iter().map(|rows| rows.into_pyarray(py));
        match listed {
            Some(_) => Ok(PyList::new(py, rows)?.into_any()),
            None => Ok(rows.next().ok_or_else(missing)?.into_any()),
        }
    }

    /// Ids of a text's tokens, as they are encoded.
    fn tokenize(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        let text = vimogen_core::text::umt5::clean(text);
        self.core.tokenizer().encode(&text, self.core.max_words()).or_raise(py)
    }

    /// Encode the texts of a data set: a JSON list of objects, which is rewritten with the paths of the encoded texts.
    ///
    /// Each becomes a ``.pt`` with a bfloat16 tensor (L, dim). A second call continues after a stop. The list is written once,
    /// when all shares are encoded.
    ///
    /// Parameters
    /// ----------
    /// manifest : str or os.PathLike
    ///     The list. Its entries get the key ``<text_key>_wanvideot5_embed_path``.
    /// output : str or os.PathLike
    ///     Folder for the encoded texts.
    /// text_key : str
    ///     Key of the text.
    /// shard : (int, int), default (1, 1)
    ///     (i, n): every n-th entry from the i-th on, counted from 1, so that several processes share the work.
    /// callback : callable, optional
    ///     ``callback(stage, step, total)``; a step is an entry.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``total``, ``encoded``, ``skipped``, and ``failed``: place and reason of each entry that could not be encoded;
    ///     ``written``: whether the list names the encoded texts, False until the last share is encoded.
    #[pyo3(signature = (manifest, output, *, text_key="video_text_annot", shard=(1, 1), callback=None))]
    fn encode_manifest<'py>(
        &self,
        py: Python<'py>,
        manifest: PathBuf,
        output: PathBuf,
        text_key: &str,
        shard: (usize, usize),
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let job = EncodeJob { manifest, text_key: text_key.into(), output, shard };
        let report = with_progress(py, callback, |on_progress| encode_manifest(&*self.core, &job, on_progress))?;
        args::to_python(py, &report)
    }

    /// Values per token.
    #[getter]
    fn dim(&self) -> usize {
        self.core.dim()
    }

    /// Hash of everything that the encoded form of a prompt depends on.
    #[getter]
    fn fingerprint(&self) -> String {
        self.core.fingerprint()
    }

    fn __repr__(&self) -> String {
        let c = self.core.config();
        format!("TextEncoder(dim={}, layers={}, vocab={})", c.dim, c.layers, c.vocab)
    }
}

/// Download files of the release, resuming what was interrupted and checking their hashes.
///
/// Parameters
/// ----------
/// what : str
///     ``"umt5"``: the text encoder, 11.4 GB. ``"umt5-tokenizer"``: its tokeniser alone. ``"wan2.1-1.3b"``: the start of
///     training, 5.7 GB.
/// folder : str or os.PathLike
///     Target folder.
/// endpoint : str, optional
///     A mirror. None: the environment's ``HF_ENDPOINT``, or https://huggingface.co.
/// from_file : str or os.PathLike, optional
///     File that was fetched by hand, used instead of a download.
/// callback : callable, optional
///     ``callback("download", step, total)``; a step is 1 MiB.
///
/// Returns
/// -------
/// list of str
///     The files.
#[pyfunction]
#[pyo3(name = "download", signature = (what, folder, *, endpoint=None, from_file=None, callback=None))]
pub fn download_files(
    py: Python<'_>,
    what: &str,
    folder: PathBuf,
    endpoint: Option<String>,
    from_file: Option<PathBuf>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Vec<String>> {
    let paths = with_progress(py, callback, |on_progress| match &from_file {
        Some(file) => download::adopt(what, file, &folder, on_progress).map(|path| vec![path]),
        None => download::download(what, &folder, endpoint.as_deref(), on_progress),
    })?;
    Ok(paths.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
}
