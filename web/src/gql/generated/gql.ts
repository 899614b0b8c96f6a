/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n": typeof types.SetUpDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": typeof types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": typeof types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": typeof types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": typeof types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": typeof types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": typeof types.ConfirmIdentityDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobFeedDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": typeof types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": typeof types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  query CustomersToSelect($search: String) {\n    customers(first: 20, filter: { search: $search }) { nodes { id name } }\n  }\n": typeof types.CustomersToSelectDocument,
    "\n  query CustomerSelected($id: ID!) {\n    customer(id: $id) { id name }\n  }\n": typeof types.CustomerSelectedDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": typeof types.SignInDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobProgressDocument,
    "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.DatabasesDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": typeof types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": typeof types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": typeof types.RetryJobDocument,
    "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.JobsDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n": typeof types.RefreshSessionDocument,
    "\n  mutation SignOut {\n    signOut { ok }\n  }\n": typeof types.SignOutDocument,
    "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n": typeof types.EndImpersonationDocument,
};
const documents: Documents = {
    "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n": types.SetUpDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": types.ConfirmIdentityDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobFeedDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": types.ViewerDocument,
    "\n  query CustomersToSelect($search: String) {\n    customers(first: 20, filter: { search: $search }) { nodes { id name } }\n  }\n": types.CustomersToSelectDocument,
    "\n  query CustomerSelected($id: ID!) {\n    customer(id: $id) { id name }\n  }\n": types.CustomerSelectedDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": types.SignInDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobProgressDocument,
    "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.DatabasesDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": types.RetryJobDocument,
    "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.JobsDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n": types.RefreshSessionDocument,
    "\n  mutation SignOut {\n    signOut { ok }\n  }\n": types.SignOutDocument,
    "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n": types.EndImpersonationDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n"): (typeof documents)["\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n"): (typeof documents)["\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n"): (typeof documents)["\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n"): (typeof documents)["\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n"): (typeof documents)["\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n"): (typeof documents)["\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomersToSelect($search: String) {\n    customers(first: 20, filter: { search: $search }) { nodes { id name } }\n  }\n"): (typeof documents)["\n  query CustomersToSelect($search: String) {\n    customers(first: 20, filter: { search: $search }) { nodes { id name } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerSelected($id: ID!) {\n    customer(id: $id) { id name }\n  }\n"): (typeof documents)["\n  query CustomerSelected($id: ID!) {\n    customer(id: $id) { id name }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"): (typeof documents)["\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"): (typeof documents)["\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n"): (typeof documents)["\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n"): (typeof documents)["\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n"): (typeof documents)["\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignOut {\n    signOut { ok }\n  }\n"): (typeof documents)["\n  mutation SignOut {\n    signOut { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n"): (typeof documents)["\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;