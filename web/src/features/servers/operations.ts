import { graphql } from "@/gql/document";
import type { DatabaseServerQuery } from "@/gql/generated/graphql";

export const SERVERS = graphql(`
  query DatabaseServers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseServerFilter) {
    databaseServers(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { id name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake databaseCount }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

export const SERVER = graphql(`
  query DatabaseServer($id: ID!) {
    node(id: $id) {
      __typename id
      ... on DatabaseServer {
        name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake surveyedAt deleteGraceSeconds databaseCount
        capabilities { name available hint }
      }
    }
  }
`);

export const REGISTER = graphql(`
  mutation RegisterDatabaseServer($input: RegisterDatabaseServerInput!) {
    registerDatabaseServer(input: $input) { databaseServer { id name reachable problems } }
  }
`);

export const UPDATE = graphql(`
  mutation UpdateDatabaseServer($input: UpdateDatabaseServerInput!) {
    updateDatabaseServer(input: $input) { databaseServer { id name reachable problems } }
  }
`);

export const CHECK = graphql(`
  mutation CheckDatabaseServer($input: CheckDatabaseServerInput!) {
    checkDatabaseServer(input: $input) { databaseServer { id reachable checkedAt } problems }
  }
`);

export const REMOVE = graphql(`
  mutation RemoveDatabaseServer($input: RemoveDatabaseServerInput!) {
    removeDatabaseServer(input: $input) { id }
  }
`);

export const MAINTENANCE = graphql(`
  mutation SetDatabaseServerMaintenance($input: SetDatabaseServerMaintenanceInput!) {
    setDatabaseServerMaintenance(input: $input) { databaseServer { id maintenance { reason since } } }
  }
`);

export const SURVEY = graphql(`
  mutation SurveyDatabaseServer($input: SurveyDatabaseServerInput!) {
    surveyDatabaseServer(input: $input) { databaseServer { id surveyedAt driftBrake } }
  }
`);

export const RELEASE = graphql(`
  mutation ReleaseDriftBrake($input: ReleaseDriftBrakeInput!) {
    releaseDriftBrake(input: $input) { databaseServer { id surveyedAt driftBrake } }
  }
`);

export type Server = Extract<NonNullable<DatabaseServerQuery["node"]>, { __typename: "DatabaseServer" }>;
