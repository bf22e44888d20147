/** Training, the same claims for every device. */
import { TRAINING_CHECKS } from "./check_training.ts";
import { testOnEachDevice } from "./each_device.ts";

for (const [claim, check] of Object.entries(TRAINING_CHECKS)) testOnEachDevice(claim, check);
