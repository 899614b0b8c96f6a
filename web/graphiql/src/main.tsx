import "./workers";
import { HISTORY_PLUGIN, GraphiQL } from "graphiql";
import "graphiql/style.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { fetcher } from "./fetcher";
import { notice } from "./notice";
import { SessionHeaders, signInPlugin } from "./SignIn";
import { storage } from "./storage";
import "./style.css";

const welcome = `# Sign in on the left,
# then run this: Ctrl-Enter.

query Me {
  viewer {
    user { email role }
    permissions
  }
}
`;

const plugins = [signInPlugin, HISTORY_PLUGIN];

function Notice() {
  const text = notice.use();
  return <div role="status" className="mpanel-notice" hidden={!text}>{text}</div>;
}

function Page() {
  return (
    <div className="mpanel-page">
      <Notice />
      <div className="mpanel-graphiql">
        <GraphiQL
          fetcher={fetcher}
          storage={storage}
          plugins={plugins}
          visiblePlugin={signInPlugin}
          defaultQuery={welcome}
          defaultEditorToolsVisibility="variables"
          inputValueDeprecation
          schemaDescription
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo><span className="mpanel-logo">MPanel</span></GraphiQL.Logo>
          <GraphiQL.Footer><SessionHeaders /></GraphiQL.Footer>
        </GraphiQL>
      </div>
    </div>
  );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<StrictMode><Page /></StrictMode>);
