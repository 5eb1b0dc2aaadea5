//! The figures and the failures of the heap.

use micropython_sys::Interpreter;

const HEAP: usize = 64 * 1024;

#[test]
fn the_total_is_a_little_less_than_was_given() {
    let python = Interpreter::new(HEAP);
    assert!((HEAP * 9 / 10..HEAP).contains(&python.heap_total()), "{} bytes", python.heap_total());
}

#[test]
fn a_kept_object_counts_and_garbage_is_collected() {
    let mut python = Interpreter::new(HEAP);
    python.run("import gc\ngc.disable()").unwrap();
    python.collect();
    let before = python.heap_used();
    python.run("x = bytearray(10000)").unwrap();
    python.collect();
    assert!((10_000..10_500).contains(&(python.heap_used() - before)), "{before} -> {}", python.heap_used());
    python.run("x = None").unwrap();
    python.collect();
    assert!(python.heap_used() < before + 500, "{before} -> {}", python.heap_used());
}

#[test]
fn objects_outlive_collections_while_a_script_holds_them() {
    let source = "import gc\nx = [bytes([i]) * 20 for i in range(50)]\nfor _ in range(5):\n    gc.collect()\n    [bytes(40) for _ in range(50)]\n\
        print(all(x[i] == bytes([i]) * 20 for i in range(50)))";
    assert_eq!(Interpreter::new(HEAP).run(source).unwrap(), "True\n");
}

#[test]
fn an_exhausted_heap_raises() {
    let mut python = Interpreter::new(HEAP);
    let outcome = python.run("x = bytearray(1000000)");
    assert_eq!(outcome.exception.as_deref(), Some("MemoryError: memory allocation failed, allocating 1000000 bytes"));
    python.run("x = bytearray(1000)").unwrap();
}

#[test]
fn allocations_are_counted() {
    let source = "from _host import allocations\n\
        def counted(f):\n    before = allocations()\n    f()\n    return allocations() - before\n\
        print(counted(lambda: 1), counted(lambda: bytearray(100)))";
    // A bytearray is an object and its contents.
    assert_eq!(Interpreter::new(HEAP).run(source).unwrap(), "0 2\n");
}

#[test]
fn rust_sees_the_same_count() {
    let mut python = Interpreter::new(HEAP);
    let seen: u64 = python.run("import _host\nprint(_host.allocations())").unwrap().trim().parse().unwrap();
    assert!((1..=python.allocations()).contains(&seen));
}

#[test]
fn an_allocation_fails_on_demand_and_only_once() {
    let source = "import _host\n\
        def f():\n    _host.fail_allocation_after(1)\n    a = bytearray()\n    b = bytearray(10)\n    return a, b\n\
        try:\n    f()\nexcept MemoryError:\n    print('failed')\nb = bytearray(10)";
    assert_eq!(Interpreter::new(HEAP).run(source).unwrap(), "failed\n");
}

#[test]
fn every_allocation_of_a_script_may_fail() {
    let mut python = Interpreter::new(HEAP);
    python.add_file("m.py", "def f(n):\n    return [str(i) for i in range(n)]\nprint(len(f(20)))");
    for n in 0.. {
        python.fail_allocation_after(n);
        let outcome = python.run("import m");
        match outcome.exception.as_deref() {
            None => break,
            Some(exception) => assert!(exception.starts_with("MemoryError"), "allocation {n}: {exception}"),
        }
        python.run("import sys\nsys.modules.pop('m', None)").unwrap();
    }
}
