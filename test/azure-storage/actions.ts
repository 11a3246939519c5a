/** The plugin's actions. */
import plugin from '../../plugins/azure-storage/src/index.ts'
import { actionsOf } from '../azure-actions.ts'

export const { run, reconcile } = actionsOf(plugin)
