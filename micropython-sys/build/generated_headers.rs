//! The headers that MicroPython's sources expect in `genhdr/`: interned strings, registered modules and root pointers,
//! version. They are collected from the preprocessed sources by MicroPython's own scripts, as its makefiles do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Writes the headers for these sources below `out/genhdr`. `compiler` carries include folders and macros.
pub fn write(micropython: &Path, compiler: &cc::Build, sources: &[PathBuf], out: &Path) {
    let generator =
        Generator { scripts: micropython.join("py"), tool: compiler.get_compiler(), out: out.join("genhdr") };
    // What sources no longer mention must go.
    if generator.out.exists() {
        fs::remove_dir_all(&generator.out).expect("OUT_DIR is writable");
    }
    fs::create_dir_all(&generator.out).expect("OUT_DIR is writable");

    generator.version();
    let preprocessed = generator.preprocess(sources);
    let modules = generator.collect("module", &preprocessed);
    generator.script_to_header("makemoduledefs.py", &modules, "moduledefs.h");
    let root_pointers = generator.collect("root_pointer", &preprocessed);
    generator.script_to_header("make_root_pointers.py", &root_pointers, "root_pointers.h");
    let strings = generator.collect("qstr", &preprocessed);
    let strings = generator.preprocess_strings(&strings);
    generator.script_to_header("makeqstrdata.py", &strings, "qstrdefs.generated.h");
}

struct Generator {
    /// MicroPython's folder `py`.
    scripts: PathBuf,
    tool: cc::Tool,
    /// Where the headers go, and everything on the way to them.
    out: PathBuf,
}

impl Generator {
    /// MicroPython's own script asks git or the distribution's tools; the version's macros say as much.
    fn version(&self) {
        let header = "#define MICROPY_GIT_TAG \"v\" MICROPY_VERSION_STRING\n\
                      #define MICROPY_GIT_HASH \"\"\n\
                      #define MICROPY_BUILD_DATE \"host\"\n";
        self.save("mpversion.h", header.as_bytes());
    }

    /// Runs every source through the preprocessor, into one file. `NO_QSTR` leaves out the headers yet to be written.
    fn preprocess(&self, sources: &[PathBuf]) -> PathBuf {
        let result = self.out.join("preprocessed.i");
        let mut command = self.script("makeqstrdefs.py");
        command.arg("pp").arg(self.tool.path()).arg("-E").arg("output").arg(&result);
        command.arg("cflags").args(self.tool.args()).arg("-DNO_QSTR").arg("cxxflags");
        command.arg("sources").args(sources).args(["dependencies", "changed_sources"]);
        run(&mut command);
        result
    }

    /// Extracts one kind of registration from the preprocessed sources.
    fn collect(&self, kind: &str, preprocessed: &Path) -> PathBuf {
        let parts = self.out.join(kind);
        let result = self.out.join(format!("{kind}.collected"));
        run(self.script("makeqstrdefs.py").args(["split", kind]).arg(preprocessed).arg(&parts).arg("_"));
        run(self.script("makeqstrdefs.py").args(["cat", kind, "_"]).arg(&parts).arg(&result));
        result
    }

    /// Resolves the conditions around the strings of `qstrdefs.h`. Between quotes the preprocessor leaves them alone.
    fn preprocess_strings(&self, collected: &Path) -> PathBuf {
        let read = |path: &Path| fs::read_to_string(path).expect("a readable list of strings");
        let all = read(&self.scripts.join("qstrdefs.h")) + &read(collected);
        let quoted: String = all
            .lines()
            .map(|line| if is_entry(line) { format!("\"{line}\"\n") } else { format!("{line}\n") })
            .collect();
        let quoted = self.save("qstr.quoted.h", quoted.as_bytes());

        let output = run(self.tool.to_command().args(["-E", "-x", "c"]).arg(quoted));
        let output = String::from_utf8(output).expect("MicroPython's strings are UTF-8");
        let unquoted: String =
            output.lines().map(|line| unquote(line).unwrap_or(line)).flat_map(|line| [line, "\n"]).collect();
        self.save("qstr.preprocessed.h", unquoted.as_bytes())
    }

    fn script_to_header(&self, script: &str, input: &Path, header: &str) {
        let text = run(self.script(script).arg(input));
        self.save(header, &text);
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new("python3");
        // -B: MicroPython's folder stays as it is.
        command.arg("-B").arg(self.scripts.join(name));
        command
    }

    fn save(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.out.join(name);
        fs::write(&path, contents).expect("OUT_DIR is writable");
        path
    }
}

fn is_entry(line: &str) -> bool {
    line.starts_with("Q(") && line.ends_with(')')
}

fn unquote(line: &str) -> Option<&str> {
    line.strip_prefix('"')?.strip_suffix('"').filter(|entry| is_entry(entry))
}

/// Runs the command and returns what it prints; its failure ends the build.
fn run(command: &mut Command) -> Vec<u8> {
    let program = PathBuf::from(command.get_program());
    let output = command.output().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        panic!("{command:?} failed:\n{}", String::from_utf8_lossy(&said));
    }
    output.stdout
}
