/** DuckDB's values as JSON, numbers as numbers wherever none of their digits is lost. */
import {
  DuckDBDateValue,
  DuckDBIntervalValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
  DuckDBUnionValue,
  type DuckDBValue,
  type Json as DuckDBJson,
  JsonDuckDBValueConverter,
} from "@duckdb/node-api";
import { ExperimentError } from "../../base/errors.ts";

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
 * the infinities; columns of type JSON are parsed; times and intervals are as DuckDB
 * writes them; maps are objects, and a union is one of its tag alone.
 *
 * @throws ExperimentError "store/sql" for a row whose parts have no names
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
  if (value instanceof DuckDBIntervalValue) return String(value);
  if (isMoment(value) && !value.isFinite) return isPast(value) ? "-infinity" : "infinity";
  if (value instanceof DuckDBMapValue && type instanceof DuckDBMapType) {
    return Object.fromEntries(
      value.entries.map((each) => [
        nameOf(jsonOf(each.key, type.keyType)),
        jsonOf(each.value, type.valueType),
      ]),
    );
  }
  if (value instanceof DuckDBUnionValue && type instanceof DuckDBUnionType) {
    return { [value.tag]: jsonOf(value.value, type.memberTypeForTag(value.tag)) };
  }
  if (type instanceof DuckDBStructType) checkNames(type);
  return JsonDuckDBValueConverter(value, type, jsonOf);
}

type Moment =
  | DuckDBDateValue
  | DuckDBTimestampValue
  | DuckDBTimestampTZValue
  | DuckDBTimestampSecondsValue
  | DuckDBTimestampMillisecondsValue
  | DuckDBTimestampNanosecondsValue;

/** Whether it is a point in time, which may lie beyond all others. */
function isMoment(value: DuckDBValue): value is Moment {
  return value instanceof DuckDBDateValue || value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue;
}

/** Whether one beyond all others is before them. */
function isPast(moment: Moment): boolean {
  // A date is printed as if it could be counted.
  return moment instanceof DuckDBDateValue ? moment.days < 0 : String(moment).startsWith("-");
}

function nameOf(key: DuckDBJson): string {
  return typeof key === "string" ? key : JSON.stringify(key);
}

/** Of parts without names, the binding hands out the last one only. */
function checkNames({ entryNames }: DuckDBStructType): void {
  if (new Set(entryNames).size === entryNames.length) return;
  throw new ExperimentError("store/sql", "cannot show a row whose parts have no names", {
    mend: "name them: {a: 1, b: 2} instead of (1, 2)",
  });
}
