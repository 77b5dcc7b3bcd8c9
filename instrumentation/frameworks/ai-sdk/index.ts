export { AiSdkInstrumentation, aiSdkTelemetry, instrumentAiSdk } from './ai-sdk.ts';
export type { AiSdkTelemetry } from './telemetry.ts';
export type { AiSdkGraph, AiSdkInstrumentationConfig, AiSdkOptions } from './types.ts';
