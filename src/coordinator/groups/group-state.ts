/**
 * The states of a classic group, and what leads from one to the next.
 *
 *              join                    all joined, or time is up        leader's SyncGroup
 *   Empty ───────────► PreparingRebalance ───────────► CompletingRebalance ───────────► Stable
 *     ▲                  │     ▲                                │                         │
 *     └── nobody is left ┘     └───── join, leave, expiry ──────┴─────────────────────────┘
 *
 * Dead is a group that was deleted: it is used no more.
 */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'
