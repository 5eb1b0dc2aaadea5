//! The modules `umqtt`, `umqtt.simple` and `umqtt.robust`: what an import finds, keeps and takes.

use crate::support::{prints, prints_in};
use micropython_sys::Interpreter;

/// Runs the script where nothing of umqtt was imported before.
#[track_caller]
fn prints_first(script: &str, expected: &str) {
    prints_in(&mut Interpreter::new(64 * 1024), script, expected);
}

#[test]
fn every_way_of_importing_gives_the_same_class() {
    prints_first(
        "
        import umqtt.simple
        from umqtt.simple import MQTTClient, MQTTException
        from umqtt import simple
        import sys, uumqtt
        modules = umqtt.simple, simple, sys.modules['umqtt.simple'], uumqtt.simple, __import__('umqtt.simple', None, None, ('x',))
        print(all(module is simple for module in modules), uumqtt is umqtt)
        print(all(module.MQTTClient is MQTTClient for module in modules))
        print(all(module.MQTTException is MQTTException for module in modules))
        import gc
        made = MQTTClient('id', 'broker')
        del MQTTClient
        gc.collect()
        junk = [bytearray(40) for _ in range(500)]
        from umqtt.simple import MQTTClient
        print(type(made) is MQTTClient, made.server, issubclass(MQTTException, Exception))",
        "
        True True
        True
        True
        True broker True",
    );
}

#[test]
fn the_class_is_not_made_anew_after_a_collection() {
    prints_first(
        "
        import gc, umqtt.simple
        number = id(umqtt.simple.MQTTClient)
        gc.collect()
        kept = [bytearray(40) for _ in range(500)]
        print(id(umqtt.simple.MQTTClient) == number, umqtt.simple.MQTTClient('id', 'broker').port)",
        "True 1883",
    );
}

#[test]
fn the_class_is_made_anew_in_another_interpreter() {
    for _ in 0..2 {
        prints_first("from umqtt.simple import MQTTClient\nprint(MQTTClient('id', 'broker').port)", "1883");
    }
}

#[test]
fn the_modules_are_what_they_are_called() {
    prints_first(
        "
        import sys, umqtt.robust
        print(umqtt, umqtt.simple, umqtt.robust)
        print(umqtt.__name__, umqtt.simple.__name__ == 'umqtt.simple', umqtt.robust.__name__, umqtt.__path__)
        print([sorted(name for name in dir(module) if name[0] != '_') for module in (umqtt, umqtt.simple)])
        print(hasattr(umqtt.simple, 'MQTTClient'), getattr(umqtt.simple, 'MQTTClient').__name__)",
        "
        <module 'umqtt'> <module 'umqtt.simple'> <module 'umqtt.robust'>
        umqtt True umqtt.robust .frozen/_umqtt
        [['robust', 'simple'], ['MQTTClient', 'MQTTException']]
        True MQTTClient",
    );
}

#[test]
fn what_there_is_not_is_an_error_as_in_any_module() {
    prints_first(
        "
        def show(statement):
            try:
                exec(statement)
            except Exception as error:
                print(repr(error))
        import umqtt.simple
        show('from umqtt.simple import Foo')
        show('umqtt.simple.Foo')
        show('umqtt.Foo')
        show('from umqtt import foo')
        show('import umqtt.foo')
        show('umqtt.robust')
        show('umqtt.simple.Foo = 1')
        show('umqtt.simple.MQTTClient = 1')
        show('del umqtt.simple.MQTTClient')
        show('umqtt.robust = 1')
        import umqtt.robust
        show('umqtt.robust = 1')
        show('del umqtt.robust')
        print(umqtt.robust.MQTTClient.DELAY, umqtt.simple.MQTTClient.__name__)",
        "
        ImportError(\"can't import name Foo\",)
        AttributeError(\"'module' object has no attribute 'Foo'\",)
        AttributeError(\"'module' object has no attribute 'Foo'\",)
        ImportError(\"no module named 'umqtt.foo'\",)
        ImportError(\"no module named 'umqtt.foo'\",)
        AttributeError(\"'module' object has no attribute 'robust'\",)
        AttributeError(\"'module' object has no attribute 'Foo'\",)
        AttributeError(\"'module' object has no attribute 'MQTTClient'\",)
        AttributeError(\"'module' object has no attribute 'MQTTClient'\",)
        AttributeError(\"'module' object has no attribute 'robust'\",)
        AttributeError(\"'module' object has no attribute 'robust'\",)
        AttributeError(\"'module' object has no attribute 'robust'\",)
        2 MQTTClient",
    );
}

/// MicroPython 1.25 takes what is in the module's table, where nothing can be that is not in ROM.
#[test]
fn a_star_brings_the_exception_only() {
    prints_first(
        "
        from umqtt.simple import *
        print('MQTTException' in globals(), 'MQTTClient' in globals())",
        "True False",
    );
}

#[test]
fn robust_is_imported_in_every_way() {
    for import in [
        "import umqtt.robust\nrobust = umqtt.robust",
        "from umqtt import robust",
        "from umqtt.robust import MQTTClient\nimport umqtt\nrobust = umqtt.robust",
        "import umqtt.robust as robust",
        "import umqtt.simple, umqtt.robust\nfrom umqtt import robust",
    ] {
        let script = "
import sys, umqtt.simple
print(sys.modules['umqtt.robust'] is robust is umqtt.robust, issubclass(robust.MQTTClient, umqtt.simple.MQTTClient))
print(robust.MQTTClient('id', 'broker').server)
";
        prints_first(&format!("{import}{script}"), "True True\nbroker");
    }
}

/// As programs do that want to begin anew.
#[test]
fn what_was_deleted_from_sys_modules_is_imported_again() {
    prints_first(
        "
        import sys
        from umqtt.simple import MQTTClient
        import umqtt.robust
        old = MQTTClient
        for name in list(sys.modules):
            del sys.modules[name]
        from umqtt.simple import MQTTClient
        import umqtt.robust
        print(MQTTClient is old, issubclass(umqtt.robust.MQTTClient, MQTTClient))
        print(old('old', 'broker').client_id, MQTTClient('new', 'broker').client_id)",
        "
        False True
        old new",
    );
}

#[test]
fn a_package_of_that_name_in_a_folder_goes_first() {
    let mut python = Interpreter::new(64 * 1024);
    python.add_file("umqtt/simple.py", "import uumqtt\nMQTTClient = uumqtt.simple.MQTTClient\nmine = True");
    python.add_file("umqtt/robust.py", "from . import simple\nmine = simple.mine");
    prints_in(
        &mut python,
        "
        import umqtt.simple, umqtt.robust, uumqtt
        print(umqtt.simple.mine, umqtt.robust.mine, umqtt.__path__)
        print(umqtt.simple is uumqtt.simple, umqtt.simple.MQTTClient is uumqtt.simple.MQTTClient)",
        "
        True True umqtt
        False True",
    );
}

#[test]
fn a_package_may_look_at_the_built_in_one_before_it_imports_its_own_module() {
    let mut python = Interpreter::new(64 * 1024);
    python.add_file("umqtt/__init__.py", "import uumqtt");
    python.add_file("umqtt/simple.py", "mine = True");
    prints_in(&mut python, "import umqtt.simple\nprint(umqtt.simple.mine)", "True");
}

/// Room in sys.modules is an allocation too, so it is as full as it can be before each import.
#[test]
fn every_allocation_of_an_import_may_fail() {
    prints(
        "
        import _host, sys
        def module():
            import umqtt.simple
        def names():
            from umqtt.simple import MQTTClient
        others = ['other%d' % i for i in range(12)]
        def prepare(full):
            for name in list(sys.modules):
                del sys.modules[name]
            for name in others[:full]:
                sys.modules[name] = None
        for run in module, names:
            failures = 0
            for full in range(len(others)):
                n = 0
                while True:
                    prepare(full)
                    _host.fail_allocation_after(n)
                    try:
                        run()
                        _host.fail_allocation_after(-1)
                        break
                    except MemoryError:
                        n += 1
                    run()
                    from umqtt.simple import MQTTClient
                    if MQTTClient('id', 'broker').port != 1883:
                        print('after allocation', n)
                failures += n
            print(failures > 0)",
        "
        True
        True",
    );
}

/// The class, of 12 words; and an instance: 16 words, flags and the engine's session. One object each.
#[test]
fn an_import_and_an_instance_take_one_object_of_the_heap_each() {
    let session = if cfg!(feature = "qos2") { 92 } else { 52 };
    let sizes = [12 * size_of::<usize>(), 16 * size_of::<usize>() + 4 + session];
    let blocks = sizes.map(|size| size.next_multiple_of(4 * size_of::<usize>()).to_string());
    prints_first(include_str!("../../../tests/src/class_heap.py"), &blocks.join("\n"));
}
