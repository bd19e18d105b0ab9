# SPDX-License-Identifier: GPL-2.0-or-later
# Programs in Go and Rust: returns in stacks that move and unwind.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
go=$(command -v go || ls /usr/lib/go-*/bin/go 2>/dev/null | head -n 1)
if [ -n "$go" ]; then
    cat >prog.go <<'S'
package main

import "fmt"

type Point struct {
	X, Y int
	Name string
}

//go:noinline
func add(a, b int) int { return a + b }

//go:noinline
func take(p *Point, s string, list []int) (int, string) { return p.X + len(s) + len(list), s + "!" }

//go:noinline
func deep(n int) int {
	var buf [4096]byte
	buf[n%4096] = byte(n)
	if n == 0 {
		return int(buf[0])
	}
	return deep(n-1) + add(int(buf[n%4096]), 1)
}

func main() {
	p := &Point{1, 2, "pt"}
	a, b := take(p, "hello", []int{1, 2, 3})
	ch := make(chan int)
	for i := 0; i < 20; i++ {
		go func(i int) { ch <- deep(i * 10) }(i)
	}
	t := 0
	for i := 0; i < 20; i++ {
		t += <-ch
	}
	if t != 126350 {
		fmt.Println(a, b, t)
	}
}
S
    if GOCACHE=$TMP/cache HOME=$TMP GO111MODULE=off "$go" build -o prog prog.go 2>cc; then
        run -c ./prog -e 'global adds, deeps
probe process("./prog").function("main.add").return { adds++ }
probe process("./prog").function("main.deep").return { deeps++ }
probe process("./prog").function("main.take") { println($p->X, " ", $p->Y, " ", user_string_n($s->str, $s->len), " ", $list->len, " ", usymname(ustack(1))) }
probe process("./prog").function("main.take").return { println("taken") }
probe end { println(adds, " ", deeps) }'
        expect go 0 $'1 2 hello 3 runtime.main\ntaken\n1900 1920'
    else
        fail go "the program does not build: $(head -n 1 cc)"
    fi
else
    skip go "Go is not installed"
fi

if ! command -v rustc >/dev/null; then
    skip rust "Rust is not installed"
    exit 0
fi
cat >prog.rs <<'S'
struct Point { x: i32, y: i64, flag: bool, name: String }
static GLOBAL: i32 = 77;
#[inline(never)] fn take(p: &Point, n: u32, s: &str) -> i64 { std::hint::black_box(s); p.y + n as i64 + p.x as i64 + p.flag as i64 + p.name.len() as i64 }
#[inline(never)] fn panics(n: i32) -> i32 { std::hint::black_box(n); if n > 2 { panic!("boom"); } n }
mod inner { #[inline(never)] pub fn deep(a: u16) -> u16 { std::hint::black_box(a) + 1 } }
fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let p = Point { x: -1, y: 40, flag: true, name: "pt".to_string() };
    let r = take(&p, 7, "hello") + inner::deep(11) as i64 + GLOBAL as i64;
    let caught = std::panic::catch_unwind(|| panics(3)).is_err();
    let ok = panics(1);
    std::process::exit(if caught && ok == 1 && r == 138 { 0 } else { 1 });
}
S
if rustc -g -o prog prog.rs 2>cc; then
    run -c ./prog -e 'probe process("./prog").function("take") { println($n, " ", $p->x, " ", $p->y, " ", $p->flag, " ", user_string_n($s->data_ptr, $s->length)) }
probe process("./prog").function("take").return { println($return, " ", @entry($n)) }
probe process("./prog").function("panics").return { println("panics ", $return) }
probe process("./prog").function("inner::deep") { println($a, " ", @var("GLOBAL")) }'
    expect rust 0 $'7 -1 40 1 hello\n49 7\n11 77\npanics 1'
else
    fail rust "the program does not build: $(head -n 1 cc)"
fi
