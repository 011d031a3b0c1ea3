/**
 * Words with which the patterns of detectors begin, so that one pass over a text says where each has to look. A word here that no
 * pattern begins with costs a look; one that is missing costs what the pattern would find, which `anchor-words.test.ts` looks for.
 */

/** Shorter words are known whole; of longer ones the first letters may do, where any ending can follow. */
export const stemLength = 6;

const ownWords = 'i im my our we';
/** Before `id`, `number` or `no`, with or without a space. */
const labelled = (
  'patient inpatient outpatient tenant subscription aws directory employee member customer client student staff subscriber policy ' +
  'insurance claim loan case docket medical record badge user voter order booking reservation confirmation tracking invoice ticket ' +
  'reference transaction contract project serial device vehicle registration prescription rx enrolment enrollment matriculation ' +
  'certificate permit license licence tax taxpayer national health card military alien visa medicare medicaid nhs green beneficiary'
).split(' ');
const words = {
  own: ownWords,
  others: 'he she his her their',
  /** With a word behind it that says which. */
  places: 'plea spare house front car production master root admin database db prod signing',
  marked: 'strictly company highly confidential confidentiality internal for do not under eyes embargoed',
  counsel: 'attorney privileged',
  house:
    'our we my q1 q2 q3 q4 h1 h2 fy fiscal unreleased unannounced undisclosed code codename codenamed project internally ' +
    'operation initiative programm program programme salary severance compensation bonus wage hourly account card loan savings ' +
    'outstanding current wire wired transfer transferred deposit deposited revenue revenues turnover ebitda quarter takeover buyout ' +
    'joint job redundancies restructuring contract agreement lease settlement executive merger acquisition layoff layoffs internal ' +
    'board ' +
    Array.from({ length: 100 }, (_, year) => `fy${String(year).padStart(2, '0')}`).join(' '),
  marking:
    'classification sensitivity data security tlp noforn u attorney confidential internal restricted secret secrets proprietary privileged sensitive official eyes not share shared shareed ' +
    'forward forwardd forwarded distribute distributed distributeed disclose disclosed discloseed circulate circulated circulateed ' +
    'publish publishd published repeat repeatd repeated leak leakd leaked tell telld telled mention mentiond mentioned keep between ' +
    'off confidence nda non nondisclosure embargo hush public publicly announced released disclosed published nonpublic insider ' +
    'classified',
  intimate:
    'hiv aids cancer tumor tumour leukemia leukaemia lymphoma melanoma diabetes diabetic depression depressed anxiety panic bipolar ' +
    'schizophrenia schizophrenic adhd add autism autistic epilepsy epileptic asthma hepatitis herpes hpv syphilis chlamydia ' +
    'gonorrhea gonorrhoea ptsd ocd bpd dementia alzheimer parkinson multiple miscarried miscarriage abortion pregnant pregnancy ' +
    'addiction addicted alcoholic alcoholics alcoholism overdose overdosed self eating anorexia anorexic bulimia bulimic lupus crohn ' +
    'endometriosis pcos fibromyalgia heart stroke seizure seizures chemo chemotherapy dialysis transplant rehab psychosis erectile ' +
    'ibs ulcer covid tuberculosis sober detox alcoholis alcoholicm ' +
    'sertraline fluoxetine escitalopram citalopram venlafaxine bupropion lithium quetiapine olanzapine risperidone aripiprazole ' +
    'metformin insulin warfarin methotrexate prednisone oxycodone tramadol methadone suboxone adderall ritalin vyvanse concerta xanax ' +
    'lorazepam diazepam truvada prep ozempic wegovy zoloft prozac lexapro wellbutrin viagra cialis birth antidepressant ' +
    'antidepressants antipsychotic antipsychotics antiretroviral antiretrovirals hormone testosterone estrogen blood cholesterol a1c ' +
    'viral cd4 bmi ecg ekg ct mri biopsy ultrasound mammogram pap psa test lab diagnosis prognosis therapist psychiatrist ' +
    'psychologist oncologist medication prescription treatment surgery medical my our divorce custody bankruptcy lawsuit ' +
    'investigation probation parole dui dwi assault fraud theft shoplifting possession tax restraining subpoena eviction foreclosure ' +
    'deportation indictment malpractice harassment discrimination wrongful gay lesbian bisexual bi queer trans transgender transsexual ' +
    'non nonbinary asexual intersex undocumented immigrant asylum muslim jewish hindu sikh catholic protestant mormon atheist buddhist ' +
    'jehovah member roma kurdish uyghur recovering maiden first childhood favorite favourite diagnosis diagnoses diagnosed dx icd arrested charged convicted indicted jailed ' +
    'imprisoned detained deported evicted subpoenaed fired laid suspended expelled raped assaulted abused molested harassed stalked ' +
    'blackmailed scammed failed study trial patient genome dna fingerprint fingerprints iris retina face voice cheated lied stole embezzled forged evaded falsified',
  event:
    'acquire buy merge take divest spin shut sell delist file lay let cut dismiss terminate layoff layoffs severance redundancy ' +
    'termination reduction revenue arr mrr ebitda burn run valuation turnover gmv cash runway salary compensation bonus pay equity ' +
    'unreleased unannounced unpatched undisclosed pre prerelease stealth penetration pen pentest red vulnerability security forensic ' +
    'forensics breached hacked compromised leaked encrypted exfiltrated stolen exposed data ransom ransomware hr harassment misconduct ' +
    'pip performance counsel legal litigation investor pitch board executive leadership management term raising premoney post ' +
    'postmoney price pricing bid tender counteroffer reserve we secret insider net earnings guidance outlook worth pays pay salaries ' +
    'payroll bonuses ceo cfo cto coo cio cmo ciso annual employee top key biggest largest main supplier vendor contractor distributor ' +
    'nda investigation patent invention not haven before proprietary code codename defendant plaintiff witness judge opposing ' +
    'settle settled settling settlement customer customers client clients vendors suppliers employees grade report transcript iep disciplinary revealed unveiled donor donors member members patient patients contact contacts',
  system:
    'internal intranet corp lan intra priv arpa local amazonaws windows azure mongodb snowflakecomputing vpn staging stg uat preprod ' +
    'bastion jumphost jenkins sso owa citrix rdp prod dev qa dr cv cr mc md bk ap mj ca fa pr civ',
  secretNames:
    'api apikey secret secretkey secrettoken access accesskey accesstoken auth authtoken token password passwort passwd passphrase ' +
    'passcode pwd pin credential credentials contrase mot client clientsecret',
  labels: [
    ...labelled.flatMap((word) =>
      ['', 'id', 'ids', 'identification', 'number', 'numbers', 'no', 'num', 'nums', 'plate', 'plates'].map(
        (end) => word + end,
      ),
    ),
    'passport passports reisepass passeport pasaporte passaporto driver drivers driving f permis dl bank checking savings current',
    'deposit account accountno accountnumber acct acctno kontonummer routing sort swift bic aba mrn ein tin uid vin pid imei imsi aadhar dni nif cpf cnpj pesel bsn curp ssn tfn nino nric',
    'aadhaar pan',
  ].join(' '),
  personal:
    'my me i please your account appointment customer client employee patient contact address phone e email mail hired meeting resume ' +
    'invoice says said told asked',
  learned:
    'century theory theories theorem president presidency presidential emperor empire king queen war revolution treaty court plaintiff ' +
    'defendant v act amendment constitution congress novel poem painting hypothesis economist psychologist which political government',
  unannounced:
    'we our company board loi mou nda spa letter term exclusivity due binding non takeover memorandum retainer framework earn earnout ' +
    'license licence supply distribution secret confidential private closed ongoing exclusive wants spin spinoff closure sale ' +
    'relocation carve carveout divestment divestiture restructuring recall launch release reorganization reorganisation lay layoff ' +
    'layoffs downsizing rollout shutdown merger acquisition ipo price nobody no do don does doesn has hasn have haven must can cannot ' +
    'should shouldn know not keep negotiation negotiating walk walkaway lowest highest best prototype trial margin margins churn ' +
    'sales orders bookings revenue revenues turnover arr mrr headcount cash market he she they who bridge',
  doors:
    'our we salarys personnels sql xss csrf ssrf rce idor remote back backdoor vulnerability vulnerabilities zero zeroday exploit security buffer privilege ' +
    'misconfiguration hard hardcoded customer customers user users patient patients employee employees client clients card cards ' +
    'payment payments member members student students subscriber subscribers donor donors personnel salary voter voters leak ' +
    'breach theft dump loss records rows accounts firewall acl access port vlan domain root admin administration full jira servicenow incident ticket',
  people:
    'lab blood test biopsy mri ct x xray scan ecg ekg psych psychiatric psychological toxicology drug diagnosis prognosis ' +
    'prescription prescriptions medication medications allergy allergies medical discharge treatment juvenile criminal arrest ' +
    'personnel pay payslip salary performance background credit bank tax deposition testimony will estate grade grades transcript ' +
    'disciplinary termination dismissal severance warning promotion exit appeal complaint whereabouts home phone call chat browsing ' +
    'customer customers client clients employee employees inmate prisoner subscriber subscribers donor donors claimant applicant applicants ' +
    'policyholder cardholder pupil student suspect detainee trainee maternity paternity parental sick unpaid bereavement ' +
    'compassionate disability stress appraisal annual probation rank one two three four some several half most many suing sue ' +
    'evicting evict investigating charging charge prosecuting prosecute blackmailing blackmail stalking harassing threatening fire ' +
    'firing auditing audit deporting deport extorting extort bullying abusing beating report reporting subpoena settlement plea case ' +
    'docket cause file matter index convoy patrol platoon battalion squad submarine frigate destroyer drone troops motorcade swat ' +
    'special raid airstrike transport cash armored armoured courier agent informant source witness witnesses whistle whistleblower ' +
    'defector hid hide hides hidden hiding kept keep keeps keeping help account loan policy mortgage booking house address attendees ' +
    'participants candidates patient patients guest guests leads list lists his her their secretly appointment meeting session ' +
    'consultation tenant tenants resident residents user users officer officers guard guards sentry sentries shipment ambassador ' +
    'accounting hr sales marketing finance engineering legal payroll support procurement logistics compliance',
  papers:
    'our my we i internal confidential proprietary private unreleased classified sensitive non company against charge charges ' +
    'spreadsheet csv excel list database table file dataset export dump record records minutes month months week weeks merger ' +
    'acquisition takeover buyout licensing settlement peace top launch release rollout announcement unveiling product deal sale ' +
    'partnership ipo layoff layoffs ceo cfo cto coo chairman chair president director board price prices fee fees rent rents ' +
    'salaries premium premiums rate rates budget funding valuation offer bid ingredient formula recipe blend clinical press memo e ' +
    'email letter statement notice message talking faq slide slides',
  /** Behind which a name stands. */
  roles: 'student pupil patient employee tenant client customer inmate user agent officer suspect',
  fields:
    'current primary admitting final chief password passwd passphrase passcode pass pwd secret admin root administrator sa diagnosis dx hx medical medication medications ' +
    'allergies blood hiv prognosis complaint therapy session case progress nursing intake prescribed salary compensation bonus net ' +
    'account credit name id email firstname first_name lastname last_name customer employee patient salaries payroll payslip payslips ' +
    'contract contracts lab passport bank client financials source credentials passwords minutes performance tax nda term cap board x xray xrays ' +
    'mri confidential',
  /** Of other languages; letters that are not ASCII end a word. */
  abroad:
    'mein meine meinem meinen meiner unser unsere unserem unseren unserer ich wir wohnhaft wohnt passwort password pin kennwort zugangscode ' +
    'vertraulich nur nicht frau herr herrn patient patientin patiente k abmahnung aufhebungsvertrag zeugnis steuernummer steuer ' +
    'sozialversicherungsnummer krankenversichertennummer blz mot mots code mon ma notre nos je j nous demeurant document ' +
    'confidentiel confidentielle usage pas mme monsieur madame licenciement num contrase clave llamo nombre mi mis nuestro nuestra ' +
    'nuestros nuestras tengo sufro padezco vivo vive vivimos domiciliado domiciliada gano sueldo confidencial uso compartir ' +
    'difundir divulgar reenviar vamos paciente sr sra don despido carta chiamo mio mia nostro nostra abito abita residente sono soffro ho ' +
    'guadagno stipendio riservato confidenziale divulgare diffondere condividere inoltrare paziente sig licenziamento codice ' +
    'senha chamo meu minha nosso nossa tenho sofro moro mora ganho encaminhar compartilhar partilhar wachtwoord toegangscode mijn ' +
    'onze ik woon woont wij ons vertrouwelijk niet intern geheim dhr mevrouw mevr ontslag ontslagbrief bsn burgerservicenummer ' +
    'nazywam mieszkam mam moja moje pan pani zarabiam choruj cierpi nie poufne tajne has m',
  /** Kinds of streets behind their names, */
  streets:
    'street st avenue ave road rd boulevard blvd lane ln drive dr court ct place pl square sq terrace ter way parkway pkwy highway hwy ' +
    'circle cir trail trl crescent cres close grove gardens mews row alley plaza turnpike pike loop crossing heights ridge hill point ' +
    'walk estate estates spring springs junction junctions mountain mountains meadow meadows island islands lodge manor mill mills ' +
    'mission motorway mount orchard overpass passage path pine pines plain plains prairie ranch rapid rapids shoal shoals shore shores ' +
    'skyway spur spurs station summit throughway trace track tunnel union unions valley valleys via viaduct view views village villages ' +
    'ville vista well wells bypass causeway cliff cliffs club common corner corners course cove coves creek crest crossroad curve dale dam ' +
    'divide expressway extension extensions fall falls ferry field fields flat flats ford fords forest forge forges fork forks fort ' +
    'freeway gateway glen glens green greens groves harbor harbors haven hollow inlet key keys knoll knolls lake lakes landing light ' +
    'lights lock locks',
  /** and before them. */
  foreignStreets:
    'rua rue calle via ulica viale vicolo piazza corso c avda av avenida paseo plaza travessa alameda camino carrera carretera chemin ' +
    'impasse quai boulevard place route ul ulitsa strasse strada largo estrada ronda bulevar',
  /** Words that begin with a digit: no list has them. */
  digits: '',
} as const;

/** First letters of words that end in any way. */
const stems: Readonly<Partial<Record<keyof typeof words, string>>> = {
  intimate: 'suicid infert selfha embezz',
  learned: 'philos sociol',
  system:
    'prod_d prod_s prod_w prod_a prod_k prod_r prod_e prod_m prod_p prod_j prod_b prod_v prod_g prod_l stagin',
};

export type AnchorName = keyof typeof words;

/** A bit for each. */
export const anchorOf: Readonly<Record<AnchorName, number>> = Object.fromEntries(
  Object.keys(words).map((name, index) => [name, 1 << index]),
) as Record<AnchorName, number>;

const slotCount = 8192;
const seed = 0x811c9dc5 | 0;
/** FNV-1a. Two words of one hash are taken for each other: the pattern then looks in vain. */
const step = (hash: number, letter: number): number => Math.imul(hash ^ letter, 0x01000193);

interface Slots {
  readonly hashes: Int32Array;
  readonly masks: Int32Array;
}

function maskIn({ hashes, masks }: Slots, hash: number): number {
  for (let slot = hash & (slotCount - 1); masks[slot] !== 0; slot = (slot + 1) & (slotCount - 1))
    if (hashes[slot] === hash) return masks[slot] ?? 0;
  return 0;
}

function slotsOf(lists: Readonly<Partial<Record<AnchorName, string>>>): Slots {
  const slots = { hashes: new Int32Array(slotCount), masks: new Int32Array(slotCount) };
  for (const [name, list] of Object.entries(lists) as [AnchorName, string][]) {
    for (const word of list.split(' ')) {
      if (word === '') continue;
      const hash = Array.from(word).reduce((total, letter) => step(total, letter.charCodeAt(0)), seed);
      let slot = hash & (slotCount - 1);
      while (slots.masks[slot] !== 0 && slots.hashes[slot] !== hash) slot = (slot + 1) & (slotCount - 1);
      slots.hashes[slot] = hash;
      slots.masks[slot] = (slots.masks[slot] ?? 0) | anchorOf[name];
    }
  }
  return slots;
}

const wordSlots = slotsOf(words);
const stemSlots = slotsOf(stems);

/** Looked up by a hash that grows letter by letter. */
export const anchorTable = {
  seed,
  step,
  wordMask: (hash: number): number => maskIn(wordSlots, hash),
  stemMask: (hash: number): number => maskIn(stemSlots, hash),
} as const;
