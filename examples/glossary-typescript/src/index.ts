// The glossary: terms and what they mean, shared over the network.

import { Extension } from 'koi-extension';
import { handleTerms } from './handlers.ts';
import { countTerms } from './counts.ts';
import { offerTools } from './tools.ts';
import { knowTerms } from './terms.ts';
import { showTerms } from './views.ts';

const TERM = 'orn:glossary.term';

const glossary = new Extension({
  name: 'glossary',
  version: '1.0.0',
  description: 'Terms and what they mean, shared over the network.',
  asks: {
    read: [TERM],
    publish: [TERM],
    forget: [TERM],
    capabilities: ['keyvalue', 'ask'],
    http: ['GET:http://*:*', 'GET:https://*:*'],
  },
});

const terms = knowTerms(glossary, TERM);
handleTerms(glossary, terms);
offerTools(glossary, terms);
showTerms(glossary, terms);
countTerms(glossary, terms);

export default glossary;
