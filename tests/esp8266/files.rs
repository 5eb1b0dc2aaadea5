//! What a board keeps when its plug is pulled.

use crate::support::{board_with, prints};
use tempfile::TempDir;

#[test]
fn files_outlive_the_plug() {
    let folder = TempDir::new().unwrap();
    let flash = folder.path().join("flash.img");
    let mut board = board_with(&[&"--flash", &flash]);
    prints(
        &mut board,
        "
        import os
        os.mkdir('lib')
        with open('lib/greet.py', 'w') as f: print(f.write('def hello():\\n    return 42\\n'))
        with open('data', 'wb') as f:
            for i in range(64): n = f.write(bytes(range(256)))
        os.rename('data', 'kept')
        print(os.listdir(), os.stat('kept')[6])
        ",
        &["27", "['boot.py', 'kept', 'lib'] 16384"],
    );
    drop(board);
    let mut board = board_with(&[&"--flash", &flash]);
    prints(
        &mut board,
        "
        import os, greet
        with open('kept', 'rb') as f: print(all(f.read(256) == bytes(range(256)) for _ in range(64)), f.read())
        print(greet.hello(), os.statvfs('/')[3] > 400)
        os.remove('kept')
        print(os.listdir())
        ",
        &["True b''", "42 True", "['boot.py', 'lib']"],
    );
}

#[test]
fn the_wifi_is_joined_again_without_being_told() {
    let folder = TempDir::new().unwrap();
    let flash = folder.path().join("flash.img");
    let mut board = board_with(&[&"--flash", &flash]);
    board.join_wifi().unwrap();
    drop(board);
    let mut board = board_with(&[&"--flash", &flash]);
    prints(
        &mut board,
        "
        import network, time
        wlan = network.WLAN(network.WLAN.IF_STA)
        while not wlan.isconnected(): time.sleep_ms(20)
        print(wlan.active(), wlan.config('ssid'), wlan.ifconfig()[0])
        wlan.active(False)
        ",
        &["True home 10.0.2.15"],
    );
    drop(board);
    prints(
        &mut board_with(&[&"--flash", &flash]),
        "
        import network
        print(network.WLAN(network.WLAN.IF_STA).active())
        ",
        &["False"],
    );
}

#[test]
fn a_board_without_a_flash_file_forgets_everything() {
    prints(&mut board_with(&[]), "open('x', 'w').close(); import os; print(os.listdir())", &["['boot.py', 'x']"]);
    prints(&mut board_with(&[]), "import os; print(os.listdir())", &["['boot.py']"]);
}
