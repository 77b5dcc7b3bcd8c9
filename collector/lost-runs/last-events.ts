// What is known of a run that did not end.

/** What was heard of a run since its start. */
export interface Signs {
  attempts: number;
  /** The attempt that ended last. */
  attempt?: { last_at: string; node_id: string; attempt: number; ok: boolean };
  failure?: {
    last_at: string;
    last_received: string;
    /** The node whose failure was the last; '' without. */
    failed_node: string;
    failed_attempt: number;
    failed_disposition: string;
    /** The node of the last failed operation; '' without. */
    working_node: string;
    working_attempt: number;
    working_at: string;
  };
}

export interface Graph {
  /** `source->target` */
  edges: string[];
  nodes: string[];
  /** The node that a run begins with; '' if not known. */
  entry: string;
}
