;; A crash on purpose.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (unreachable))
