/** The bare worker's own queue, beside the house's in the same namespace. */
export const bareTaskQueue = 'bare';
