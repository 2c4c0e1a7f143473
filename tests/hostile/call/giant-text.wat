;; A result of 64 MiB.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (drop (memory.grow (i32.const 1024)))
  (call $text (i32.const 131072) (i32.const 67108864)))
