;; A list of four million entries, none of them a tool: small as text and large once it is read.
(func (export "list-tools") (result i32)
  (local $at i32)
  (drop (memory.grow (i32.const 130)))
  (local.set $at (i32.const 131072))
  (loop $again
    (i32.store (local.get $at) (i32.const 0x2c312c31)) ;; `1,1,`
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $again (i32.lt_u (local.get $at) (i32.const 8131072))))
  (i32.store8 (i32.const 131072) (i32.const 91)) ;; `[` for the first `1`
  (i32.store8 (i32.const 131073) (i32.const 32))
  (i32.store8 (i32.const 8131071) (i32.const 93)) ;; `]` for the last `,`
  (call $text (i32.const 131072) (i32.const 8000000)))
