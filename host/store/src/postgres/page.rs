//! Pages of rows with contents, which are bounded in bytes as well as in rows.

/// A statement for a page of a table: the rows that meet a condition, in an order of which no two rows
/// have the same place, up to a limit. From the row on before which there are `bytes` of contents, rows
/// come without theirs: whoever reads them is to stop there, and they are not sent for nothing.
pub(super) fn statement(
    columns: &str,
    table: &str,
    condition: &str,
    order: &str,
    limit: &str,
    bytes: usize,
) -> String {
    // The columns' list names the contents once.
    let columns = columns.replacen(
        "contents",
        &format!("CASE WHEN bytes_before < {bytes} THEN contents END"),
        1,
    );
    format!(
        "SELECT {columns} FROM (
             SELECT *, sum(coalesce(octet_length(contents), 0)) OVER (
                 ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
             ) - coalesce(octet_length(contents), 0) AS bytes_before
             FROM (
                 SELECT * FROM {table} WHERE {condition} ORDER BY {order} LIMIT {limit}
             ) AS found
         ) AS page ORDER BY {order}"
    )
}
