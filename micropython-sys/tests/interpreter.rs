//! What a script can rely on in the in-process interpreter, and what a test can rely on around it.

use micropython_sys::{Interpreter, Outcome};
use std::thread;

const HEAP: usize = 64 * 1024;

fn run(source: &str) -> Outcome {
    Interpreter::new(HEAP).run(source)
}

#[test]
fn prints() {
    assert_eq!(run("print(1 + 1)"), Outcome { stdout: "2\n".into(), exception: None });
}

#[test]
fn names_stay_from_one_script_to_the_next() {
    let mut python = Interpreter::new(HEAP);
    python.run("x = 6").unwrap();
    assert_eq!(python.run("print(x * 7)").unwrap(), "42\n");
}

#[test]
fn an_uncaught_exception_is_printed_as_the_repl_does() {
    let outcome = run("print('before')\ndef f():\n    len(5)\nf()");
    assert_eq!(outcome.exception.as_deref(), Some("TypeError: object of type 'int' has no len()"));
    assert_eq!(
        outcome.stdout,
        "before\n\
         Traceback (most recent call last):\n\
         \x20 File \"<stdin>\", line 4, in <module>\n\
         \x20 File \"<stdin>\", line 3, in f\n\
         TypeError: object of type 'int' has no len()\n"
    );
}

#[test]
fn a_syntax_error_is_an_exception() {
    assert_eq!(run("x = = 1").exception.as_deref(), Some("SyntaxError: invalid syntax"));
}

#[test]
fn a_script_s_own_exception_class_is_named() {
    let outcome = run("class MQTTException(Exception):\n    pass\nraise MQTTException(5)");
    assert_eq!(outcome.exception.as_deref(), Some("MQTTException: 5"));
}

#[test]
fn an_exception_that_cannot_be_printed_is_reported_all_the_same() {
    let outcome = run("class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E");
    assert!(outcome.exception.is_some());
}

#[test]
fn runaway_recursion_raises_instead_of_overflowing_the_stack() {
    let outcome = Interpreter::new(4 << 20).run("def f():\n    return f() + 1\nf()");
    assert_eq!(outcome.exception.as_deref(), Some("RuntimeError: maximum recursion depth exceeded"));
}

#[test]
fn printed_bytes_that_are_not_text_are_replaced() {
    assert_eq!(run("print('21 °C')").unwrap(), "21 °C\n");
}

#[test]
fn the_modules_of_the_reference_library_are_there() {
    run("import ustruct, ubinascii, utime, sys, gc, errno, io, collections, micropython, select").unwrap();
}

#[test]
fn a_socket_module_can_be_played() {
    let source = "import sys\nclass Fake: AF_INET = 2\nsys.modules['usocket'] = Fake\nimport usocket as socket\nprint(socket.AF_INET)";
    assert_eq!(run(source).unwrap(), "2\n");
}

#[test]
fn a_stream_can_be_written_in_python() {
    let source = "import io\n\
        class S(io.IOBase):\n    def write(self, b):\n        self.got = bytes(b)\n        return len(b)\n\
        s = S()\nprint('hi', end='', file=s)\nprint(s.got)";
    assert_eq!(run(source).unwrap(), "b'hi'\n");
}

#[test]
fn the_standard_files_are_there_and_standard_input_is_at_its_end() {
    assert_eq!(run("import sys\nsys.stdout.write('out')").unwrap(), "out");
    assert_eq!(run("import sys\nsys.stdin.read(1)").exception.as_deref(), Some("EOFError: "));
}

#[test]
fn no_file_can_be_opened() {
    assert_eq!(
        run("open('/etc/passwd')").exception.as_deref(),
        Some("OSError: [Errno 2] ENOENT: can't open /etc/passwd")
    );
}

#[test]
fn added_files_are_imported() {
    let mut python = Interpreter::new(HEAP);
    python.add_file("package/module.py", "answer = 42");
    assert_eq!(python.run("from package.module import answer\nprint(answer)").unwrap(), "42\n");
}

#[test]
fn a_file_added_again_replaces_the_first() {
    let mut python = Interpreter::new(HEAP);
    python.add_file("m.py", "answer = 1");
    python.add_file("m.py", "answer = 2");
    assert_eq!(python.run("import m\nprint(m.answer)").unwrap(), "2\n");
}

#[test]
fn an_exception_inside_a_file_names_it() {
    let mut python = Interpreter::new(HEAP);
    python.add_file("m.py", "def f():\n    raise OSError(5)");
    let outcome = python.run("import m\nm.f()");
    assert_eq!(outcome.exception.as_deref(), Some("OSError: [Errno 5] EIO"));
    assert!(outcome.stdout.contains("File \"m.py\", line 2, in f\n"), "{}", outcome.stdout);
}

#[test]
fn a_missing_file_is_an_import_error() {
    assert_eq!(run("import nowhere").exception.as_deref(), Some("ImportError: no module named 'nowhere'"));
}

#[test]
fn interpreters_one_after_the_other_share_nothing() {
    let mut first = Interpreter::new(HEAP);
    first.add_file("m.py", "");
    first.set_ticks_ms(5);
    first.run("import m\nx = 1").unwrap();
    drop(first);
    let mut second = Interpreter::new(HEAP);
    assert_eq!(second.run("import m").exception.as_deref(), Some("ImportError: no module named 'm'"));
    assert_eq!(second.run("x").exception.as_deref(), Some("NameError: name 'x' isn't defined"));
    assert_eq!(second.ticks_ms(), 0);
}

#[test]
fn threads_take_turns() {
    let threads: Vec<_> = (0..8)
        .map(|n| {
            thread::spawn(move || {
                for _ in 0..10 {
                    let mut python = Interpreter::new(HEAP);
                    python.run(&format!("x = [{n}] * 100")).unwrap();
                    assert_eq!(python.run("print(sum(x))").unwrap(), format!("{}\n", 100 * n));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_test_that_panics_leaves_the_interpreter_to_the_next() {
    let panicked = thread::spawn(|| {
        let _python = Interpreter::new(HEAP);
        panic!("on purpose: shown in the output of this test");
    });
    assert!(panicked.join().is_err());
    run("pass").unwrap();
}

#[test]
#[should_panic(expected = "too small")]
fn a_heap_too_small_for_the_interpreter_is_refused() {
    Interpreter::new(256);
}

#[test]
fn the_clock_moves_only_when_told() {
    let mut python = Interpreter::new(HEAP);
    python.set_ticks_ms(1000);
    assert_eq!(python.run("import time\nprint(time.ticks_ms(), time.ticks_ms())").unwrap(), "1000 1000\n");
    python.run("time.sleep_ms(250)\ntime.sleep(2)\ntime.sleep_us(500)").unwrap();
    assert_eq!(python.ticks_ms(), 3250);
}

#[test]
fn the_clock_wraps() {
    let mut python = Interpreter::new(HEAP);
    python.set_ticks_ms(u32::MAX);
    python.run("import time\ntime.sleep_ms(1)").unwrap();
    assert_eq!(python.ticks_ms(), 0);
}

#[test]
fn waiting_takes_virtual_time_only() {
    let mut python = Interpreter::new(HEAP);
    let source = "import io, select\n\
        class Silent(io.IOBase):\n    def ioctl(self, request, argument):\n        return 0\n\
        poll = select.poll()\npoll.register(Silent(), select.POLLIN)\nprint(poll.poll(60000))";
    assert_eq!(python.run(source).unwrap(), "[]\n");
    assert!((60_000..60_100).contains(&python.ticks_ms()), "{} ms", python.ticks_ms());
}

#[test]
fn an_interrupt_reaches_the_next_script() {
    let mut python = Interpreter::new(HEAP);
    python.interrupt();
    assert_eq!(python.run("while True:\n    pass").exception.as_deref(), Some("KeyboardInterrupt: "));
    python.run("for _ in range(10):\n    pass").unwrap();
}

#[test]
fn an_interrupt_is_not_kept_for_a_later_script() {
    let mut python = Interpreter::new(HEAP);
    python.interrupt();
    assert_eq!(python.run("x = 1").exception.as_deref(), Some("KeyboardInterrupt: "));
    python.run("x = 2").unwrap();
}

#[test]
fn a_script_can_interrupt_itself() {
    let source = "import _host\ntry:\n    _host.interrupt()\n    while True:\n        pass\n\
        except KeyboardInterrupt:\n    print('caught')";
    assert_eq!(run(source).unwrap(), "caught\n");
}
