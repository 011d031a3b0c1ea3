import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, valueIn, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What the detectors of English sentences look for, in German, French, Spanish, Italian, Portuguese, Dutch and Polish: passwords,
 * who somebody is and where he lives, pay, illness, marks of confidence, figures and plans of a house. As there, somebody has to
 * speak of himself, of one of his or of his house, or name a person.
 */

const value = '(?=[^\\s"“”„«»,;]*(?:\\d|[^\\p{L}\\s"“”„«».,;!?]))["“„«]?[^\\s"“”„«»,;]{4,64}';
const name = "\\p{Lu}[\\p{L}'’-]+(?: (?:de |von |van |da |du )?\\p{Lu}[\\p{L}'’-]+)*";
const sum =
  '\\d[\\d.,  ]*(?:\\s?(?:€|euros?|zł|reais|francs?|chf|k\\b|mil|mio|millionen|millions?|millones|milioni|milhões|miljoen))?';

const kin =
  '(?:(?:[Mm]eine[rm]?|[Mm]ein(?:em|en)?|[Uu]nsere?[rmn]?) (?:Frau|Mann|Sohn|Tochter|Mutter|Vater|Kind|Bruder|Schwester|Chef(?:in)?|Oma|Opa|Freund(?:in)?|Kolleg(?:e|in))|(?:[Mm]a|[Mm]on|[Nn]otre) (?:femme|mari|fils|fille|mère|père|frère|sœur|soeur|patron(?:ne)?|enfant|copine|copain|collègue)|(?:[Mm]i|[Nn]uestr[oa]) (?:hij[oa]|mujer|esposa|marido|esposo|madre|padre|herman[oa]|jef[ea]|novi[oa]|abuel[oa])|(?:[Mm]i[oa]|[Ll]a mia|[Ii]l mio|[Nn]ostr[oa]) (?:madre|padre|figli[oa]|moglie|marito|fratello|sorella|capo|nonn[oa])|(?:[Mm]eu|[Mm]inha|[Nn]oss[oa]) (?:pai|mãe|filh[oa]|marido|esposa|mulher|irmão|irmã|chefe|avó|avô)|(?:[Mm]ijn|[Oo]nze?) (?:vrouw|man|dochter|zoon|moeder|vader|broer|zus|baas|kind|oma|opa|vriend(?:in)?)|(?:[Mm]ój|[Mm]oja|[Mm]oje) (?:żona|mąż|syn|córka|matka|ojciec|brat|siostra|szef|dziecko|babcia|dziadek))';
const titled = `(?:(?:Frau|Herrn?|M\\.|Mme|Monsieur|Madame|Sra?\\.|Señora?|Don|Doña|Sig\\.ra|Sig\\.|Dhr\\.|Mevrouw|Mevr\\.|Pani?) ${name}|(?:[Dd]er |[Dd]ie |[Ll]e |[Ll]a |[Ee]l |[Ii]l |[Oo] |[Aa] |[Dd]e )?(?:Patient(?:in)?|patient(?:e)?|[Pp]aciente|[Pp]aziente|[Pp]acjent(?:ka)?) ${name})`;
const suffers =
  '(?:hat|ist|leidet|nimmt|wurde|a|est|souffre|prend|tiene|sufre|está|toma|fue|ha|è|soffre|prende|tem|sofre|foi|heeft|is|lijdt|slikt|ma|choruje|jest|bierze)';
const suffering =
  "(?:[Ii]ch (?:habe|hatte|bin|leide|nehme)|[Jj]['’]ai|[Jj]e (?:suis|souffre|prends)|[Tt]engo|[Ss]ufro|[Pp]adezco|[Tt]omo|[Hh]o|[Ss]ono|[Ss]offro|[Pp]rendo|[Tt]enho|[Ss]ofro|[Ii]k (?:heb|ben|lijd|slik|gebruik)|[Mm]am|[Cc]horuję|[Cc]ierpię|[Bb]iorę)";
const condition =
  '(?:[Dd]iab[eè]t\\p{L}*|[Dd]epress?i\\p{L}*|dépressi\\p{L}+|[Kk]rebs|cancer|cáncer|cancro|tumore?s?|câncer|kanker|HIV|VIH|SIDA|[Ss]éropositi\\p{L}+|seropositiv\\p{L}+|[Ee]pilep\\p{L}+|épilep\\p{L}+|[Dd]emen[tzc]\\p{L}*|démence|[Aa]lzheimer|[Pp]arkinson|[Aa]utis\\p{L}+|[Aa]sth?ma\\p{L}*|schwanger|enceinte|embarazada|incinta|grávida|zwanger|w ciąży|krankgeschrieben|[Bb]urn-?out|[Mm]agersucht|anorex\\p{L}+|[Bb]ipolar\\p{L}*|[Ss]chizophren\\p{L}*|[Ss]uizid\\p{L}*|suicid\\p{L}+|alkoholkrank|alcooli\\p{L}+|alcohólic[oa]|[Mm]etformin\\p{L}*|[Ii]nsulin\\p{L}*|[Ll]evodopa|[Rr]isperidon\\p{L}*|cukrzyc\\p{L}+|padaczk\\p{L}+|depresj\\p{L}+|nowotw\\p{L}+)';

const kinds = kindsOf([
  [
    'secret',
    'abroad.password',
    new RegExp(
      `\\b(?:[Pp]asswort|[Kk]ennwort|[Zz]ugangscode|[Mm]ots? de passe|[Cc]ode d['’]accès|[Cc]ontraseña|[Cc]lave|[Ss]enha|[Ww]achtwoord|[Tt]oegangscode|[Hh]asło|[Pp]assword (?:del|della|di|dell['’]\\p{L}+|per)|PIN)(?: [^.?!\\n:=]{1,40}?)? ?(?:lautet|ist|est|es|è|é|to|jest|(?<=achtwoord[^.?!\\n]{0,40})is|:|=) ${value}`,
      'gu',
    ),
  ],
  [
    'person',
    'abroad.name',
    new RegExp(
      `\\b(?:[Mm]ein Name ist|[Ii]ch heiße|[Jj]e m['’]appelle|[Mm]on nom est|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo|[Ii]l mio nome è|[Mm]e chamo|[Mm]eu nome é|[Mm]ijn naam is|[Ii]k heet|[Ii]k ben(?= \\p{Lu}\\p{Ll}+ (?:van |de )*\\p{Lu})|[Nn]azywam się|[Mm]am na imię) ${name}`,
      'gu',
    ),
  ],
  [
    'residence',
    'abroad.residence',
    new RegExp(
      `\\b(?:(?:[Ii]ch wohne|[Ww]ir wohnen|wohnhaft|wohnt) (?:in|im|an|am|bei)(?: der| dem| den)?|[Jj]['’]habite|[Nn]ous habitons|demeurant|[Vv]iv[oe] en|[Vv]ivimos en|domiciliad[oa] en|[Aa]bit[oa] (?:in|a)|residente (?:in|a)|[Mm]or[oa] (?:na|no|em)|[Ii]k woon (?:in|op|aan)|woon (?:in|op|aan)|woont (?:in|op|aan)|[Mm]ieszkam (?:w|na|przy))(?: (?:de |la |le |via |rue |calle |rua )*(?:au? |à )?(?:\\d{1,4},? )?)(?:[\\p{L}.]+ ){0,3}?\\p{Lu}[\\p{L}'’-]{2,}`,
      'gu',
    ),
  ],
  [
    'finance',
    'abroad.pay',
    new RegExp(
      `\\b(?:[Mm]ein(?:e)?|[Mm]on|[Mm]i|[Ii]l mio|[Mm]eu|[Mm]ijn|[Ss]ein|[Ii]hr|[Uu]nser|[Ss]on|[Ss]u) (?:Gehalt|Lohn|Einkommen|Rente|Nettolohn|salaire|revenu|sueldo|salario|nómina|stipendio|reddito|salário|ordenado|salaris|loon|inkomen)[^.?!\\n]{0,24}? ${sum}|\\b(?:[Zz]arabiam|[Ii]ch verdiene|[Jj]e gagne|[Gg]ano|[Gg]uadagno|[Gg]anho|[Ii]k verdien)[^.?!\\n]{0,16}? ${sum}`,
      'gu',
    ),
  ],
  [
    'health',
    'abroad.health',
    new RegExp(
      `\\b(?:${suffering}|(?:${kin}|${titled}) ${suffers})(?:,? [\\p{L}\\d'’.-]+){0,4}?[ '’]${condition}`,
      'gu',
    ),
  ],
  [
    'confidential',
    'abroad.marked',
    /(?:^|\n|[[(*:>"“„«-]\s*)(?:streng |strikt |strictement |estrictamente |strettamente |estritamente |ściśle |document |documento |données |dati )*(?:vertraulich|confidentiel(?:le)?|confidencial|riservato|confidenziale|vertrouwelijk|geheim|poufne|tajne|nur (?:für den internen Gebrauch|intern)|usage interne|uso interno|intern gebruik|do użytku wewnętrznego)\s*(?:[:,.!–—\-\])]|\n|$)|\b(?:nicht (?:weitergeben|weiterleiten|veröffentlichen|zur Weitergabe)|ne pas (?:diffuser|divulguer|transmettre|partager)|no (?:compartir|difundir|divulgar|reenviar)|non (?:divulgare|diffondere|condividere|inoltrare)|não (?:encaminhar|compartilhar|divulgar|partilhar)|niet (?:delen|doorsturen|verspreiden)|nie (?:udostępniać|przekazywać|rozpowszechniać))(?=[\s.,!:;)]|$)/giu,
  ],
  [
    'confidential',
    'abroad.plan',
    new RegExp(
      `\\b(?:[Ww]ir|[Uu]nsere Firma|[Nn]ous|[Vv]amos a|[Nn]uestra empresa|[Nn]oi|[Nn]ós|[Vv]amos|[Ww]ij|[Ww]e|[Oo]ns bedrijf)(?: \\p{L}+){0,3}? (?:entlassen|kündigen|schließen|übernehmen|kaufen|fusionieren|licencier|licencions|fermer|racheter|fusionner|despedir|cerrar|comprar|fusionar|licenziare|chiudere|acquistare|demitir|fechar|ontslaan|sluiten|overnemen)(?: \\p{L}+){0,3}? (?:\\d+|die Firma|das Werk|den Standort|l['’]usine|l['’]entreprise|la empresa|la fábrica|trente|vingt|quarante|cinquante|cien|veinte|treinta|cuarenta|cincuenta|venti|trenta|vinte|trinta|twintig|dertig|Leute|personnes|empleados|dipendenti|funcionários|mensen)\\b|\\b[Ww]ir (?:entlassen|kündigen|schließen|übernehmen|kaufen|verkaufen)\\b[^.?!\\n]{0,32}?(?:\\d+ (?:Leute|Mitarbeiter\\p{L}*|Stellen|Personen|Angestellte\\p{L}*)|(?:Werk|Filiale|Standort|Firma|Büro|Abteilung|Fabrik|GmbH|AG|Niederlassung)\\b)`,
      'gu',
    ),
  ],
  [
    'finance',
    'abroad.figure',
    new RegExp(
      `\\b(?:[Uu]nser(?:e)?|[Nn]otre|[Nn]os|[Nn]uestr[oa]s?|[Ii]l nostro|[Nn]osso|[Nn]ossa|[Oo]nze) (?:Umsatz|Gewinn|Verlust|Budget|Marge|Schulden|chiffre d['’]affaires|bénéfices?|pertes?|marges?|dettes?|facturación|ventas|beneficios?|pérdidas?|márgenes?|deuda|fatturato|utile|perdita|faturamento|lucro|prejuízo|omzet|winst|verlies)\\b[^.?!\\n]{0,48}?\\d`,
      'gu',
    ),
  ],
  [
    'confidential',
    'abroad.dismissal',
    new RegExp(
      `\\b(?:(?:Kündigung|Abmahnung|Aufhebungsvertrag|Zeugnis|Gehalt) (?:für|von|an) (?:Herrn |Frau )|licenciement (?:de|pour) (?:M\\.|Mme|Monsieur|Madame) |(?:despido|carta de despido) (?:de|para|a) (?!un\\b|una\\b)|licenziamento (?:di|per) (?!un\\b)|ontslag(?:brief)? (?:van|voor) )${name}`,
      'gu',
    ),
  ],
  [
    'national_id',
    'abroad.number',
    /\b(?:[Ss]teuernummer|[Ss]teuer-?ID|[Ss]ozialversicherungsnummer|[Kk]rankenversichertennummer|BLZ|[Nn]uméro de sécurité sociale|[Nn]uméro fiscal|NIR|[Nn]úmero de (?:la )?seguridad social|[Cc]odice fiscale|[Nn]úmero do (?:CPF|cartão)|BSN|[Bb]urgerservicenummer)\b[^\d\n]{0,16}\d[\d ./-]{5,24}\d/gu,
  ],
]);

export const around = {
  core: /\b(?:mein(?:e[rmn]?)?|unser(?:e[rmn]?)?|ich|wir|wohnhaft|wohnt|passwort|password|pin|kennwort|zugangscode|vertraulich|nur|nicht|frau|herrn?|patient(?:in|e)?|kündigung|abmahnung|aufhebungsvertrag|zeugnis|steuernummer|steuer|sozialversicherungsnummer|krankenversichertennummer|blz|mots?|code|mon|ma|notre|nos|je|j|nous|demeurant|document|confidentiel(?:le)?|usage|pas|mme|monsieur|madame|licenciement|num|contrase|clave|llamo|nombre|mi|mis|nuestr[oa]s?|tengo|sufro|padezco|vivo|vive|vivimos|domiciliad[oa]|gano|sueldo|confidencial|uso|compartir|difundir|divulgar|reenviar|vamos|paciente|sra?|don|despido|carta|chiamo|mio|mia|nostr[oa]|abit[oa]|residente|sono|soffro|ho|guadagno|stipendio|riservato|confidenziale|divulgare|diffondere|condividere|inoltrare|paziente|sig|licenziamento|codice|senha|chamo|meu|minha|noss[oa]|tenho|sofro|mor[oa]|ganho|encaminhar|compartilhar|partilhar|wachtwoord|toegangscode|mijn|onze|ik|woont?|wij|ons|vertrouwelijk|niet|intern|geheim|dhr|mevrouw|mevr|ontslag(?:brief)?|bsn|burgerservicenummer|nazywam|mieszkam|mam|moj[ae]|pani?|zarabiam|choruj|cierpi|nie|poufne|tajne|has|m)\b/iy,
  anchor: anchorOf.abroad,
  before: 40,
  after: 144,
};

export const otherLanguages: Detector = {
  name: 'abroad',
  find: (text, facts = new TextFacts(text)) =>
    matchesAround(facts, around, kinds, (span, part) =>
      span.type === 'secret' ? valueIn(part)(span) : span,
    ),
};
