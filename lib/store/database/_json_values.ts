/** DuckDB's values as JSON, numbers as numbers wherever none of their digits is lost. */
import {
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  type Json as DuckDBJson,
  JsonDuckDBValueConverter,
} from "@duckdb/node-api";

const WHOLE: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
]);

/**
 * One value.
 *
 * Whole numbers and decimals that a double cannot hold stay texts, as do NaN and
 * the infinities; columns of type JSON are parsed; times are as DuckDB writes them.
 */
export function jsonOf(value: DuckDBValue, type: DuckDBType): DuckDBJson {
  if (value === null) return null;
  if (type.alias === "JSON") return JSON.parse(String(value));
  if (WHOLE.has(type.typeId)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (type.typeId === DuckDBTypeId.DECIMAL) {
    const text = String(value);
    // Fifteen digits always survive the way into a double and back.
    return text.replace(/[-.]/g, "").replace(/^0+/, "").length <= 15 ? Number(text) : text;
  }
  return JsonDuckDBValueConverter(value, type, jsonOf);
}
