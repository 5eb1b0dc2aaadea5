#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| umqtt_fuzz::session::run(data));
