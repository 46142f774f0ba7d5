//! Every reader against damaged and hostile files: an error, never a panic, and never more memory than its bound.
#![cfg(feature = "full")]

mod memory;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use memory::peak_of_thread as peak;
use proptest::prelude::*;
use vimogen_core::format::npz::NpzFile;
use vimogen_core::format::pickle::{self, PLAIN_GLOBALS, PickleFile, numpy};
use vimogen_core::format::safetensors::SafetensorsFile;
use vimogen_core::format::torch::{TorchFile, Tree};
use vimogen_core::format::{RawTensor, TensorSource, npy, npz, safetensors, torch};
use vimogen_core::io::LoadOptions;
use vimogen_core::io::asf::AsfAmc;
use vimogen_core::io::bvh::{self, Bvh, BvhOptions};
use vimogen_core::{Error, GenerateOptions, Motion, Pipeline, Request};

/// Memory limit of any small file: a tensor that repeats few elements may have 256 MiB.
const SMALL_FILE: usize = 300 << 20;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats")
}

/// Reads everything in a file; only panics and memory count.
fn drain(source: vimogen_core::Result<impl TensorSource>) {
    let Ok(source) = source else { return };
    for name in source.names() {
        let _ = (source.info(&name), source.read(&name));
    }
}

fn read_npy(bytes: &[u8]) {
    let _ = npy::decode(bytes);
}

fn read_npz(bytes: &[u8]) {
    drain(NpzFile::from_bytes(bytes.to_vec()));
}

fn read_torch(bytes: &[u8]) {
    drain(TorchFile::from_bytes(bytes.to_vec()));
}

fn read_safetensors(bytes: &[u8]) {
    drain(SafetensorsFile::from_bytes(bytes.to_vec()));
}

fn read_pickle(bytes: &[u8]) {
    if let Ok(pickle) = pickle::parse(bytes, &[PLAIN_GLOBALS, numpy::NUMPY_GLOBALS]) {
        let _ = numpy::array(pickle.root());
    }
}

fn read_pickle_file(bytes: &[u8]) {
    drain(PickleFile::from_bytes(bytes));
}

fn read_bvh(bytes: &[u8]) {
    if let Ok(file) = Bvh::from_bytes(bytes) {
        let _ = (file.world(0), file.world(file.len() - 1), file.to_motion(&LoadOptions::default()));
    }
}

/// A skeleton and a motion in one: the motion starts at its first line with a colon of its own.
fn read_asf(bytes: &[u8]) {
    const MOTION: &[u8] = b":FULLY-SPECIFIED";
    let cut = bytes.windows(MOTION.len()).position(|window| window == MOTION).unwrap_or(bytes.len());
    if let Ok(file) = AsfAmc::from_bytes(&bytes[..cut], &bytes[cut..]) {
        let _ = file.to_motion(&LoadOptions::default());
    }
}

/// A small skeleton with all joints that are needed.
fn skeleton() -> Vec<u8> {
    let still = Motion::from_features(ndarray::Array2::zeros((2, 276)), 20.0).expect("clip");
    bvh::to_string(still.smpl(), 20.0, &BvhOptions::default()).expect("bvh").into_bytes()
}

/// A pickle of the wrappers that body models use, by hand.
fn wrapped_pickle() -> Vec<u8> {
    let array = |data: &str| format!("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'{data}'\nI0\nI1\ntR");
    let number = array("f8") + "S'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?'\ntR";
    format!(
        "(dS'x'\ncchumpy.ch\nCh\n(tR(dS'x'\n{number}sbsS'J'\ncscipy.sparse.csc\ncsc_matrix\n(tR(dS'_shape'\n(I1\nI1\ntsbs."
    )
    .into_bytes()
}

/// Name, reader, how its files start, and valid files.
type Format = (&'static str, fn(&[u8]), &'static [u8], Vec<Vec<u8>>);

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let load = |name: &str| std::fs::read(samples().join(name)).expect(name);
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    let tensor = RawTensor::from_f32(ndarray::Array2::<f32>::zeros((3, 4)).view().into_dyn());
    safetensors::save(at("a"), &[("a", &tensor), ("b", &tensor)], &[("format", "pt")]).expect("safetensors");
    torch::save(at("b"), &Tree::Dict(vec![("a", Tree::Tensor(&tensor)), ("n", Tree::Int(1))])).expect("pt");
    npz::save(at("c"), &[("a", &tensor)]).expect("npz");
    let own = |name: &str| std::fs::read(at(name)).expect(name);
    let npys = ["f4.npy", "big_fortran_f8.npy", "version3.npy", "bool.npy"].map(load).to_vec();
    let stick = [load("asf/stick.asf"), load("asf/stick_01.amc")].concat();
    let pickles = (0..6).map(|p| load(&format!("numpy2_protocol{p}.pkl"))).collect();
    vec![
        ("npy", read_npy, b"\x93NUMPY\x01\0", npys),
        ("npz", read_npz, b"PK\x03\x04", vec![load("stored.npz"), load("deflated.npz"), own("c")]),
        ("zip .pt", read_torch, b"PK\x03\x04", vec![load("torch_zip.pt"), load("torch_uint16.pt"), own("b")]),
        ("old .pt", read_torch, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", vec![load("torch_legacy.pt")]),
        ("safetensors", read_safetensors, b"\x08\0\0\0\0\0\0\0{", vec![own("a")]),
        ("pickle", read_pickle, b"\x80\x02", pickles),
        ("pickle file", read_pickle_file, b"\x80\x02", vec![load("recovered.pkl"), wrapped_pickle()]),
        ("bvh", read_bvh, b"HIERARCHY\nROOT a {", vec![skeleton()]),
        ("asf", read_asf, b":root\n:bonedata\nbegin\nname a\n", vec![stick]),
    ]
});

/// Opcodes with their arguments.
#[rustfmt::skip]
const FRAGMENTS: &[&[u8]] = &[
    b"(", b")", b"]", b"}", b"N", b"0", b"1", b"2", b"t", b"l", b"d", b"a", b"e", b"s", b"u", b"R", b"b", b"Q", b"o",
    b"\x81", b"\x85", b"\x86", b"\x87", b"\x88", b"\x8f", b"\x90", b"\x91", b"\x93", b"\x94", b"K\x01", b"K\xff",
    b"M\xff\xff", b"J\xff\xff\xff\xff", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"h\x00", b"q\x00", b"h\x01",
    b"q\x01", b"g0\n", b"p0\n", b"I01\n", b"L5L\n", b"F1.5\n", b"G\x7f\xf8\0\0\0\0\0\0", b"S'a\\x00'\n", b"V\\u00e9\n",
    b"U\x01<", b"X\x02\0\0\0f4", b"X\x06\0\0\0latin1", b"C\x04abcd", b"ccollections\nOrderedDict\n",
    b"c_codecs\nencode\n", b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy.core.multiarray\nscalar\n", b"cnumpy.core.numeric\n_frombuffer\n", b"cchumpy.ch\nCh\n",
    b"cscipy.sparse.csc\ncsc_matrix\n", b"U\x01x", b"U\x06_shape", b"U\x06indptr", b"U\x07indices", b"U\x04data",
];

/// Files made of valid opcodes in any order, which go deeper than random bytes.
fn opcodes() -> impl Strategy<Value = Vec<u8>> {
    let sequence = prop::collection::vec(prop::sample::select(FRAGMENTS), 0..60);
    sequence.prop_map(|parts| [parts.concat(), b".".to_vec()].concat())
}

#[track_caller]
fn assert_bounded(what: &str, read: fn(&[u8]), bytes: &[u8]) {
    let used = peak(|| read(bytes));
    assert!(used < SMALL_FILE, "{what}: {used} bytes held for a file of {}", bytes.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for (what, read, start, _) in FORMATS.iter() {
            assert_bounded(what, *read, &bytes);
            assert_bounded(what, *read, &[*start, &bytes].concat());
        }
    }

    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        which in any::<prop::sample::Index>(),
    ) {
        for (what, read, _, files) in FORMATS.iter() {
            let mut bytes = files[which.index(files.len())].clone();
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            assert_bounded(what, *read, &bytes);
        }
    }

    #[test]
    fn pickles_of_random_opcodes_never_panic(bytes in opcodes()) {
        assert_bounded("pickle", read_pickle, &bytes);
        assert_bounded("pickle file", read_pickle_file, &bytes);
        assert_bounded("old .pt", read_torch, &[&b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."[..], b"K\x01.}.", &bytes, b"]."].concat());
    }
}

/// A zip `.pt` with this pickle and one storage of 16 bytes.
fn pt(pickle: &[u8]) -> Vec<u8> {
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("x/data.pkl", pickle), ("x/data/0", &[0; 16])] {
        zip.start_file(name, options).expect("start");
        std::io::Write::write_all(&mut zip, bytes).expect("write");
    }
    zip.finish().expect("finish").into_inner()
}

/// The pickle of a tensor of f32 in storage 0, with its offset, sizes and strides as pickled tuples.
fn tensor_pickle(sizes: &[u8], strides: &[u8]) -> Vec<u8> {
    let start = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\0";
    [start, sizes, strides, b"\x89ccollections\nOrderedDict\n)RtR."].concat()
}

#[track_caller]
fn refusal(bytes: Vec<u8>) -> String {
    match TorchFile::from_bytes(bytes) {
        Err(e) => e.to_string(),
        Ok(file) => {
            let names = file.names();
            file.read(&names[0]).expect_err("must be refused").to_string()
        }
    }
}

#[test]
fn a_checkpoint_that_calls_a_command_is_refused_by_name_and_runs_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let proof = folder.path().join("proof");
    let command = format!("touch {}", proof.display());
    let len = (command.len() as u32).to_le_bytes();
    for call in
        [&b"cos\nsystem\n"[..], b"cposix\nsystem\n", b"csubprocess\nPopen\n", b"cbuiltins\nexec\n", b"ctorch\nload\n"]
    {
        let pickle = [b"\x80\x02", call, b"X", &len, command.as_bytes(), b"\x85R."].concat();
        let text = refusal(pt(&pickle));
        let name = String::from_utf8_lossy(call).trim_start_matches('c').trim_end().replace('\n', ".");
        assert!(text.contains(&name) && text.contains("nothing is run"), "{text}");
    }
    assert!(!proof.exists());
}

#[test]
fn declared_sizes_beyond_the_storage_are_refused_before_memory_is_taken() {
    assert!(TorchFile::from_bytes(pt(&tensor_pickle(b"K\x04\x85", b"K\x01\x85"))).is_ok());
    let huge = b"\x8a\x06\0\0\0\0\0\x01";
    let cases = [
        (tensor_pickle(b"K\x05\x85", b"K\x01\x85"), "16 bytes"),
        (tensor_pickle(&[&huge[..], b"\x85"].concat(), b"K\x01\x85"), "16 bytes"),
        (tensor_pickle(&[&huge[..], b"\x85"].concat(), b"K\0\x85"), "limit"),
        (tensor_pickle(&[huge, &huge[..], b"\x86"].concat(), b"K\0K\0\x86"), "limit"),
        (tensor_pickle(b"K\x02K\x02\x86", b"K\x01\x85"), "unknown form"),
        (tensor_pickle(b"J\xff\xff\xff\xff\x85", b"K\x01\x85"), "unknown form"),
    ];
    for (pickle, words) in cases {
        let bytes = pt(&pickle);
        let used = peak(|| {
            let text = refusal(bytes);
            assert!(text.contains(words), "{text}");
        });
        assert!(used < 1 << 20, "{used} bytes held");
    }
}

#[test]
fn a_small_pickle_that_unfolds_to_billions_of_values_is_refused() {
    // Each list holds the one before it ten times.
    let mut pickle = b"\x80\x02]q\0".to_vec();
    for depth in 0..30u8 {
        pickle.push(b']');
        pickle.extend([b'q', depth + 1, b'(']);
        pickle.extend([b'h', depth].repeat(10));
        pickle.push(b'e');
    }
    pickle.push(b'.');
    let bytes = pt(&pickle);
    let used = peak(|| assert!(refusal(bytes).contains("nested too deep or hold too much")));
    assert!(used < 200 << 20, "{used} bytes held");
}

#[test]
fn values_that_a_small_pickle_shares_are_not_looked_at_again_and_again() {
    // A list of 200,000 references to one dict with 200,000 keys that are not names: 4e10 key visits.
    let pairs = b"NN".repeat(200_000);
    let dict = [b"\x80\x02}q\0(", &pairs[..], b"u0](", &b"h\0".repeat(200_000), b"e."].concat();
    // The same for a text of a megabyte that an old Python wrote as bytes.
    let text = [b"\x80\x02T\0\0\x10\0", &[b'x'; 1 << 20][..], b"q\0(", &b"h\0".repeat(400_000), b"l."].concat();
    let start = std::time::Instant::now();
    assert!(refusal(pt(&dict)).contains("hold too much"));
    let file = TorchFile::from_bytes(pt(&text)).expect("a list of text");
    assert!(file.names().is_empty() && file.scalar("0").is_none());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn opcodes_of_one_byte_cannot_grow_the_machine_without_end() {
    // DUP, MARK and MEMOIZE make no value, but the stack, the marks and the store grow.
    for opcode in [b'2', b'(', 0x94] {
        let bytes = [b"\x80\x04N", &vec![opcode; 20 << 20][..], b"."].concat();
        let used = peak(|| assert!(pickle::parse(&bytes, &[]).is_err(), "{opcode:#04x}"));
        assert!(used < SMALL_FILE, "{opcode:#04x}: {used} bytes held");
    }
}

#[test]
fn an_empty_array_of_an_impossible_shape_is_refused() {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 8, 0), }}", u64::MAX);
    let bytes = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    assert!(matches!(npy::decode(&bytes), Err(Error::TooLarge { .. })));
}

#[test]
fn a_reference_at_a_crawling_rate_is_measured_before_it_is_resampled() {
    let pipeline = Pipeline::builtin().expect("built-in model");
    // A megabyte and a half that would be a gigabyte at 20 frames per second.
    let clip = Motion::from_features(ndarray::Array2::ones((1400, 276)), 0.03).expect("clip");
    let options = GenerateOptions::default().with_num_inference_steps(1);
    let request = Request::reference(clip);
    let used = peak(|| {
        let text = pipeline.generate(request.clone(), &options).expect_err("too long").to_string();
        assert!(text.contains("reference"), "{text}");
        let cut = pipeline.generate(request.clone().with_num_frames(10), &options).expect("cut");
        assert_eq!(cut.len(), 10);
    });
    assert!(used < 100 << 20, "{used} bytes held");
}

#[test]
fn a_list_that_holds_itself_ends() {
    assert!(refusal(pt(b"\x80\x02]q\0h\0a.")).contains("nested too deep"));
}

#[test]
fn a_motion_from_a_hostile_file_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("clip.pt");
    std::fs::write(&path, pt(b"\x80\x02cos\nsystem\n.")).expect("write");
    let text = Motion::load(&path).expect_err("must be refused").to_string();
    assert!(text.contains("os.system") && text.contains("clip.pt"), "{text}");
    std::fs::write(&path, pt(&tensor_pickle(b"J\0\0\x10\0M\x14\x01\x86", b"K\0K\0\x86"))).expect("write");
    let used = peak(|| assert!(Motion::load(&path).is_err()));
    assert!(used < 1 << 20, "{used} bytes held");
}
