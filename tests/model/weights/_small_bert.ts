/** The model that the golden files of torch and TensorFlow hold. */
import { bertConfig } from "../../../lib/model/config.ts";
import {
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../../../lib/model/params.ts";

/** Its sizes. */
export const CONFIG = bertConfig(
  { vocabSize: 8, layers: 1, hiddenSize: 4, heads: 2, intermediateSize: 8 },
  { positions: 6 },
);

/** Its parameters, those of both heads too. */
export const SPECS = [
  ...encoderSpecs(CONFIG),
  ...poolerSpecs(CONFIG),
  ...maskedLanguageHeadSpecs(CONFIG),
  ...nextSentenceHeadSpecs(CONFIG),
];
