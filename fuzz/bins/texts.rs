#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| airworthy_fuzz::texts(bytes));
