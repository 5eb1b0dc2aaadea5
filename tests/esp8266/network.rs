//! The board in its network: Wi-Fi with everything that can go wrong, names, TCP both ways, UDP.

use crate::support::{board, board_in_wifi, board_with, prints, run};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    thread,
};
use tempfile::TempDir;
use umqtt_tests::{LIMIT, board::Board, control::Control, loopback};

const STATION: &str = "
        import network, time
        wlan = network.WLAN(network.WLAN.IF_STA)
";

#[test]
fn the_access_points_in_reach_are_found() {
    let mut board = board_with(&[&"--access-point", &"café:secret", &"--access-point", &"open"]);
    prints(
        &mut board,
        &format!(
            "{STATION}
        try: wlan.scan()
        except OSError as e: print(e)
        wlan.active(True)
        for ssid, bssid, channel, rssi, security, hidden in wlan.scan():
            print(ssid.decode(), len(bssid), 1 <= channel <= 13, -100 < rssi < 0, security, hidden)
        "
        ),
        &["STA must be active", "café 6 True True 3 0", "open 6 True True 0 0"],
    );
}

#[test]
fn a_station_says_why_it_cannot_join() {
    let mut board = board();
    board.repl().ask("import network, time; wlan = network.WLAN(network.WLAN.IF_STA); wlan.active(True)").unwrap();
    for (ssid, password, status) in [
        ("home", "wrong", "STAT_WRONG_PASSWORD"),
        ("elsewhere", "secret", "STAT_NO_AP_FOUND"),
        ("home", "secret", "STAT_GOT_IP"),
        ("guest", "", "STAT_GOT_IP"),
    ] {
        let program = format!(
            "
            wlan.connect('{ssid}', '{password}')
            while wlan.status() == network.STAT_CONNECTING: time.sleep_ms(20)
            print(wlan.status() == network.{status}, wlan.isconnected())
            "
        );
        let joined = if status == "STAT_GOT_IP" { "True True" } else { "True False" };
        prints(&mut board, &program, &[joined]);
    }
}

#[test]
fn addresses_come_by_dhcp_or_are_set() {
    let mut board = board_in_wifi(&[]);
    prints(
        &mut board,
        "
        print(wlan.ifconfig())
        print(wlan.ipconfig('addr4'), wlan.ipconfig('gw4'), network.ipconfig('dns'))
        print(wlan.config('hostname'), wlan.status('rssi') < 0, wlan.config('channel'))
        wlan.ifconfig(('10.0.2.77', '255.255.255.0', '10.0.2.2', '10.0.2.3'))
        print(wlan.ifconfig()[0])
        ",
        &[
            "('10.0.2.15', '255.255.255.0', '10.0.2.2', '10.0.2.3')",
            "('10.0.2.15', '255.255.255.0') 10.0.2.2 10.0.2.3",
            "mpy-esp8266 True 1",
            "10.0.2.77",
        ],
    );
}

#[test]
fn names_are_looked_up() {
    let mut board = board_in_wifi(&[&"--host", &"broker.example=127.83.1.2"]);
    prints(
        &mut board,
        "
        import socket
        print(socket.getaddrinfo('broker.example', 1883)[0][-1], socket.getaddrinfo('10.0.2.2', 80)[0][-1])
        try: socket.getaddrinfo('nobody.invalid', 1)
        except OSError as e: print(e)
        ",
        &["('127.83.1.2', 1883) ('10.0.2.2', 80)", "-2"],
    );
}

/// Answers each line with the same in capitals, until the peer closes.
fn shout(mut stream: TcpStream) {
    let mut buffer = [0; 1000];
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        stream.write_all(&buffer[..size].to_ascii_uppercase()).unwrap();
    }
}

#[test]
fn the_board_is_a_tcp_client() {
    let (address, listener) = loopback::listen(7000).unwrap();
    let server = thread::spawn(move || shout(listener.accept().unwrap().0));
    let mut board = board_in_wifi(&[]);
    let program = format!(
        "
        import socket
        s = socket.socket()
        s.connect(('{address}', 7000))
        print(s.write('hello\\n'), s.readline())
        s.setblocking(False)
        try: print(s.read(1))
        except OSError as e: print(e)
        s.close()
        t = socket.socket()
        try: t.connect(('{address}', 7001))
        except OSError as e: print(e.errno == 104 or e.errno == 111)
        t.close()
        "
    );
    prints(&mut board, &program, &["6 b'HELLO\\n'", "None", "True"]);
    server.join().unwrap();
}

/// A message as long as several windows of TCP, whose bytes depend on their place.
fn long_message(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn much_goes_through_a_small_board_unharmed() {
    const LENGTH: usize = 100_000;
    let (address, listener) = loopback::listen(7000).unwrap();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(&long_message(LENGTH)).unwrap();
        let mut returned = vec![0; LENGTH];
        stream.read_exact(&mut returned).unwrap();
        returned == long_message(LENGTH)
    });
    let mut board = board_in_wifi(&[]);
    let program = format!(
        "
        import socket
        s = socket.socket()
        s.connect(('{address}', 7000))
        buffer, at, good = bytearray(500), 0, True
        while at < {LENGTH}:
            n = s.readinto(buffer)
            good = good and all(buffer[i] == (at + i) * 31 % 251 for i in range(n))
            at += n
        print(good)
        at = 0
        while at < {LENGTH}:
            for i in range(500): buffer[i] = (at + i) * 31 % 251
            at += s.write(buffer)
        print(at)
        s.close()
        "
    );
    prints(&mut board, &program, &["True", "100000"]);
    assert!(server.join().unwrap(), "what the board has sent arrived otherwise");
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn the_board_is_a_tcp_server() {
    let port = free_port();
    let mut board = board_in_wifi(&[&"--forward", &format!("{port}:80")]);
    let start = "
        import socket
        s = socket.socket()
        s.bind(('', 80))
        s.listen(1)
        ";
    assert!(run(&mut board, start).is_empty());
    board.repl().type_line("c, peer = s.accept(); c.write(c.readline() + b'!'); c.close()").unwrap();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    client.write_all(b"GET /\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "GET /\n!");
    assert_eq!(board.repl().answer().unwrap(), ["7"]);
}

#[test]
fn datagrams_go_both_ways() {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 1), 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let peer = thread::spawn(move || {
        let mut buffer = [0; 100];
        let (size, from) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(&buffer[..size].to_ascii_uppercase(), from).unwrap();
    });
    prints(
        &mut board_in_wifi(&[]),
        &format!(
            "
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(10)
            print(s.sendto(b'ping', ('10.0.2.2', {port})), s.recvfrom(100)[0])
            "
        ),
        &["4 b'PING'"],
    );
    peer.join().unwrap();
}

#[test]
fn the_wifi_goes_and_comes_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("control");
    let (address, listener) = loopback::listen(7000).unwrap();
    let mut board = board_in_wifi(&[&"--control", &path]);
    let mut control = Control::connect(&path).unwrap();
    let connect = format!("import socket; s = socket.socket(); s.connect(('{address}', 7000)); s.write('x')");
    assert_eq!(board.repl().ask(&connect).unwrap(), ["1"]);
    let mut stream = listener.accept().unwrap().0;

    control.tell("wifi down").unwrap();
    wait_until(&mut board, "not wlan.isconnected()");
    prints(
        &mut board,
        "
        print(wlan.status() == network.STAT_NO_AP_FOUND, wlan.ifconfig()[0])
        try: wlan.scan()
        except OSError as e: print(e)
        try: s.read(1)
        except OSError as e: print('lost')
        ",
        &["True 0.0.0.0", "scan failed", "lost"],
    );
    control.tell("wifi up").unwrap();
    wait_until(&mut board, "wlan.isconnected()");
    assert_eq!(board.repl().ask(&connect).unwrap(), ["1"]);
    let mut first = [0];
    stream.read_exact(&mut first).unwrap();
    listener.accept().unwrap().0.read_exact(&mut first).unwrap();
    assert!(control.tell("wifi sideways").unwrap_err().to_string().contains("the commands are"));
}

fn wait_until(board: &mut Board, condition: &str) {
    prints(board, &format!("while not ({condition}): pass\nprint('so')"), &["so"]);
}
