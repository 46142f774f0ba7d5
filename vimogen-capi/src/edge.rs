//! Pointers from C, checked as far as they can be, and values to C.
//!
//! The rest is the caller's promise, made in the header: a pointer that is neither NULL nor misaligned
//! points at what its type says, for as long as the call lasts.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use vimogen_core::{Error, Result};

/// Maximum number of values in an array from C: 8 GB of floats.
const MAX_LEN: usize = 1 << 31;

/// Checks that a pointer is neither NULL nor misaligned.
fn check<T>(name: &'static str, pointer: *const T) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::invalid(name, "it is NULL"));
    }
    if pointer.is_aligned() {
        return Ok(());
    }
    Err(Error::invalid(name, format!("its address is not a multiple of {}", align_of::<T>())))
}

/// Target of a pointer.
///
/// # Safety
/// If not NULL or misaligned, it points at a `T` that nobody changes during the call.
pub unsafe fn borrow<'a, T>(name: &'static str, pointer: *const T) -> Result<&'a T> {
    check(name, pointer)?;
    // SAFETY: checked above, and promised by the caller.
    Ok(unsafe { &*pointer })
}

/// As [`borrow`], mutable.
///
/// # Safety
/// If not NULL or misaligned, it points at a `T` that nobody else uses during the call.
pub unsafe fn borrow_mut<'a, T>(name: &'static str, pointer: *mut T) -> Result<&'a mut T> {
    check(name, pointer)?;
    // SAFETY: checked above, and promised by the caller.
    Ok(unsafe { &mut *pointer })
}

/// A string.
///
/// # Safety
/// If not NULL, it ends with NUL, and nobody changes it during the call.
pub unsafe fn text<'a>(name: &'static str, string: *const c_char) -> Result<&'a str> {
    check(name, string)?;
    // SAFETY: checked above, and promised by the caller.
    let bytes = unsafe { CStr::from_ptr(string) };
    bytes.to_str().map_err(|e| Error::invalid(name, format!("it is not UTF-8 from byte {} on", e.valid_up_to())))
}

/// A string, or nothing if it is NULL.
///
/// # Safety
/// As [`text`].
pub unsafe fn optional_text<'a>(name: &'static str, string: *const c_char) -> Result<Option<&'a str>> {
    match string.is_null() {
        true => Ok(None),
        // SAFETY: as ours.
        false => unsafe { text(name, string) }.map(Some),
    }
}

/// `len` values; NULL is allowed if there are none.
///
/// # Safety
/// If not NULL or misaligned, it points at `len` values that nobody changes during the call.
pub unsafe fn slice<'a, T>(name: &'static str, data: *const T, len: usize) -> Result<&'a [T]> {
    if len > MAX_LEN {
        return Err(Error::TooLarge { what: name.into(), needed: len as u64, limit: MAX_LEN as u64 });
    }
    if len == 0 {
        return Ok(&[]);
    }
    check(name, data)?;
    // SAFETY: checked above, and promised by the caller; the length is far below isize::MAX bytes.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Memory for `len` values.
///
/// # Safety
/// If not NULL or misaligned, it points at memory for `len` values that nobody else uses during the call.
pub unsafe fn room<'a, T>(name: &'static str, data: *mut T, len: usize) -> Result<&'a mut [MaybeUninit<T>]> {
    check(name, data)?;
    if len > MAX_LEN {
        return Err(Error::TooLarge { what: name.into(), needed: len as u64, limit: MAX_LEN as u64 });
    }
    // SAFETY: checked above, and promised by the caller; a MaybeUninit needs no value.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), len) })
}

/// The product of the sides of an array.
pub fn volume(name: &'static str, sides: &[usize]) -> Result<usize> {
    let product = sides.iter().try_fold(1usize, |product, side| product.checked_mul(*side));
    product.filter(|len| *len <= MAX_LEN).ok_or_else(|| {
        let reason = format!("its shape {sides:?} has more than {MAX_LEN} numbers");
        Error::invalid(name, reason)
    })
}

/// Pointer of the caller to a result, which is written only if the call succeeds.
pub struct Place<T>(NonNull<T>);

impl<T> Place<T> {
    /// # Safety
    /// If not NULL or misaligned, it points at memory for a `T` that nobody else uses during the call.
    pub unsafe fn new(name: &'static str, pointer: *mut T) -> Result<Self> {
        check(name, pointer)?;
        NonNull::new(pointer).map(Self).ok_or_else(|| Error::invalid(name, "it is NULL"))
    }

    pub fn write(self, value: T) {
        // SAFETY: promised to `new`.
        unsafe { self.0.write(value) }
    }
}

/// Drops a handle made by [`handle`]. NULL does nothing.
///
/// # Safety
/// If not NULL, it came from [`handle`] and is not used again.
pub unsafe fn free<T>(name: &'static str, handle: *mut T) -> Result<()> {
    if handle.is_null() {
        return Ok(());
    }
    check(name, handle)?;
    // SAFETY: promised by the caller.
    drop(unsafe { Box::from_raw(handle) });
    Ok(())
}

/// Gives a value to the caller.
pub fn handle<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Gives a string to the caller, who frees it with `vimogen_string_free`.
pub fn owned_text(text: String) -> Result<*mut c_char> {
    let text = CString::new(text).map_err(|_| Error::Internal { reason: "a text of ours holds a NUL byte".into() })?;
    Ok(text.into_raw())
}

/// Struct that grows at its end in later versions. Callers therefore pass its size.
///
/// # Safety
/// The struct is `repr(C)`, has no references and may be copied byte by byte; a prefix of any size in `SIZES`, put over
/// any valid value, is a valid value.
pub unsafe trait Growing: Copy {
    /// Its name in C.
    const NAME: &'static str;
    /// Its size in every version; the current one is last.
    const SIZES: &'static [usize];

    /// Checks that a version has this size.
    fn check_size(size: usize) -> Result<()> {
        if Self::SIZES.contains(&size) {
            return Ok(());
        }
        let newest = size_of::<Self>();
        let remedy = match size > newest {
            true => "the program was compiled for a newer library; update the library",
            false => "fill the struct with its _init function first, or pass sizeof of it",
        };
        Err(Error::invalid(
            "struct_size",
            format!("{size} is not a size of {}, which has {newest}: {remedy}", Self::NAME),
        ))
    }
}

/// As [`Growing`], for structs that the caller fills: they begin with `uint32_t struct_size`.
///
/// # Safety
/// As [`Growing`], and the first field is `struct_size: u32`.
pub unsafe trait Params: Growing {
    /// Default of every field.
    fn defaults() -> Self;
}

/// Reads a caller's struct. Fields that the caller's version lacks have their defaults.
///
/// # Safety
/// If not NULL or misaligned, it points at `struct_size` bytes.
pub unsafe fn params<T: Params>(name: &'static str, pointer: *const T) -> Result<T> {
    check(name, pointer)?;
    // SAFETY: every version of the struct begins with its size.
    let size = unsafe { pointer.cast::<u32>().read() } as usize;
    T::check_size(size)?;
    let mut value = MaybeUninit::new(T::defaults());
    // SAFETY: the source has `size` bytes, by the caller's promise; the target has at least as many, by check_size.
    unsafe {
        pointer.cast::<u8>().copy_to_nonoverlapping(value.as_mut_ptr().cast(), size);
        Ok(value.assume_init())
    }
}

/// As [`params`]; NULL gives the defaults.
///
/// # Safety
/// As [`params`].
pub unsafe fn optional_params<T: Params>(name: &'static str, pointer: *const T) -> Result<T> {
    match pointer.is_null() {
        true => Ok(T::defaults()),
        // SAFETY: as ours.
        false => unsafe { params(name, pointer) },
    }
}

/// Fills the fields of the caller's version of a struct with defaults.
///
/// # Safety
/// If not NULL or misaligned, it points at `size` bytes.
pub unsafe fn init<T: Params>(pointer: *mut T, size: usize) -> Result<()> {
    // SAFETY: as ours; every version of the struct begins with its size.
    unsafe {
        output("params", pointer, size)?.write(T::defaults());
        pointer.cast::<u32>().write(size as u32);
    }
    Ok(())
}

/// As [`Place`], for a struct whose version in the caller may be shorter.
pub struct Output<T> {
    place: NonNull<T>,
    size: usize,
}

/// # Safety
/// If not NULL or misaligned, the pointer points at `size` bytes that nobody else uses during the call.
pub unsafe fn output<T: Growing>(name: &'static str, pointer: *mut T, size: usize) -> Result<Output<T>> {
    T::check_size(size)?;
    check(name, pointer)?;
    let place = NonNull::new(pointer).ok_or_else(|| Error::invalid(name, "it is NULL"))?;
    Ok(Output { place, size })
}

impl<T: Growing> Output<T> {
    pub fn write(self, value: T) {
        let from = (&raw const value).cast::<u8>();
        // SAFETY: the place has `size` bytes, promised to `output`, and the value at least as many.
        unsafe { from.copy_to_nonoverlapping(self.place.as_ptr().cast(), self.size) }
    }
}
