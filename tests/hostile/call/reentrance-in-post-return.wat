;; Calls the host while it only has to clear away its answer.
(func (export "post-return") (param i32)
  (call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 2)))
