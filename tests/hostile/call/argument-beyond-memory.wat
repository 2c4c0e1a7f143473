;; A text for a host function that would be nearly all that 32 bits can address.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const -1))
  (call $text (i32.const 0) (i32.const 2)))
