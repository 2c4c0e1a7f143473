;; Crashes when it is activated.
(func (export "start") (result i32)
  (unreachable))
