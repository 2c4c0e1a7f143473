;; Never comes back from being activated.
(func (export "start") (result i32)
  (loop $again (br $again))
  (unreachable))
