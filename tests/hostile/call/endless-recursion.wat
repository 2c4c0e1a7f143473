;; A function that calls itself until the stack is full.
(func $again (call $again) (call $again))
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call $again)
  (unreachable))
