import { groceries } from '../../../contracts/chains/groceries.ts';
import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import type { ChainDefinition, StageDefinition } from '../../../contracts/pipelines.ts';

/** The chain with the household's own deadlines. */
export function groceriesChain(settings: GroceriesSettings): ChainDefinition {
  return groceries({ captured: settings.deadlines.capturedWithinMs, bought: settings.deadlines.boughtWithinMs });
}

function stageOf(settings: GroceriesSettings, name: string): StageDefinition {
  const stage = groceriesChain(settings).stages.find((each) => each.name === name);
  if (stage === undefined) throw new Error(`The groceries have no stage "${name}".`);
  return stage;
}

/** Where an item begins. */
export const needStage = (settings: GroceriesSettings): StageDefinition => stageOf(settings, 'need');
/** Where an item waits for its purchase. */
export const boughtStage = (settings: GroceriesSettings): StageDefinition => stageOf(settings, 'bought');
