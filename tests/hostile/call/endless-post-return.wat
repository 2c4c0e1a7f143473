;; Answers, and then never finishes clearing away.
(func (export "post-return") (param i32)
  (loop $again (br $again)))
