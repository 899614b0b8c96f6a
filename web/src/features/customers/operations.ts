import { graphql } from "@/gql/document";

export const CREATE = graphql(`
  mutation CreateCustomer($input: CreateCustomerInput!) {
    createCustomer(input: $input) { customer { id name state } }
  }
`);

export const UPDATE = graphql(`
  mutation UpdateCustomer($input: UpdateCustomerInput!) {
    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }
  }
`);

export const ARCHIVE = graphql(`
  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {
    archiveCustomer(input: $input) { customer { id state } }
  }
`);

export const SUSPEND = graphql(`
  mutation SuspendCustomer($input: SuspendCustomerInput!) {
    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }
  }
`);

export const RESUME = graphql(`
  mutation ResumeCustomer($input: ResumeCustomerInput!) {
    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }
  }
`);

export const INVITE = graphql(`
  mutation InviteMember($input: InviteUserInput!) {
    inviteUser(input: $input) { invitation { id email expiresAt } }
  }
`);

export const CHANGE_ROLE = graphql(`
  mutation ChangeMembership($input: ChangeMembershipInput!) {
    changeMembership(input: $input) { membership { role user { id } customer { id } } }
  }
`);

export const REMOVE_MEMBER = graphql(`
  mutation RemoveMember($input: RemoveMemberInput!) {
    removeMember(input: $input) { ok }
  }
`);
