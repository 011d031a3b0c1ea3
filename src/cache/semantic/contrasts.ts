/**
 * Words of English that exclude each other: two questions that use different members of one line ask for different things.
 * Each line is one axis; its sides are separated by `|`, the words of a side (any of them says the same) by commas. Written
 * from general knowledge of English, not from any data set.
 */
const lines = `
enable,activate,turn on,switch on,reactivate | disable,deactivate,turn off,switch off,inactivate
start,begin,launch,boot,commence,initiate | stop,end,halt,quit,terminate,finish,cease | pause,suspend | resume,continue
open,unlock,unseal | close,shut,lock,seal
add,insert,attach,append,include,put in | remove,delete,erase,detach,exclude,take out,get rid,drop,clear
install,set up | uninstall,deinstall
create,make new,establish | destroy,dissolve,delete
connect,pair,join,link,plug in,reconnect | disconnect,unpair,leave,unlink,unplug
subscribe,sign up,enrol,enroll,register,opt in | unsubscribe,cancel,unregister,deregister,opt out,withdraw
check in,check-in | check out,check-out
login,log in,sign in,log into,sign into | logout,log out,sign out,log off
follow | unfollow
mute,silence | unmute
block,ban,blacklist | unblock,unban,whitelist
hide,conceal | show,unhide,reveal,display
allow,permit,grant,authorise,authorize,let | deny,forbid,prohibit,refuse,revoke,disallow,ban,prevent
accept,approve | reject,decline,deny
lend | borrow
buy,purchase,acquire | sell | rent,lease,hire
import | export
upload | download
upgrade,update | downgrade,roll back,rollback
gain,find | lose,lost
increase,raise,boost,enlarge,higher,turn up,expand | decrease,reduce,lower,cut,shrink,lessen,turn down
keep | drop
zoom in | zoom out
push | pull | fetch | merge | rebase
pull request | issue
commit | checkout | stash
encrypt | decrypt
encode | decode
compress,zip | decompress,unzip,extract
serialize,serialise | deserialize,deserialise,parse
mount | unmount
load | unload
save,keep,retain,leave,stay | discard,lose,drop,throw away
backup,back up | restore
lock | unlock
hire,recruit | fire,dismiss,lay off
win,won,winner | lose,lost,loser | draw,tie
attack | defend
send,sent | receive,received
read | write
ask | answer
teach | learn
arrive,arrival | depart,departure,leave
enter,entry,entrance | exit
import duty | export duty
deposit,pay in | withdraw,withdrawal
debit | credit
asset | liability
profit | loss | revenue
income | expense
gross | net
fixed | variable,adjustable
short term,short-term | long term,long-term
lender | borrower
landlord | tenant,renter
employer | employee
plaintiff | defendant
buyer | seller
teacher | student
parent | child
husband | wife
mother | father
brother | sister
son | daughter
man,men,male,boy | woman,women,female,girl
king | queen
birth,born | death,died,die,dead
marry,married,wed,marriage | divorce,divorced
before,prior to,ahead of | after,afterwards,following | during,while
earlier | later
early | late
first | last,final | second | third
next | previous
yesterday | today | tomorrow
past | present | future
oldest | youngest,newest
old | new | used
young | old
more | less,fewer
most | least,fewest
maximum,max,highest,most | minimum,min,lowest,least
largest,biggest | smallest
larger,bigger | smaller
big,large,huge | small,little,tiny
long | short
longest | shortest
longer | shorter
tall | short
tallest | shortest
high | low
highest | lowest
deep | shallow
wide | narrow
thick | thin
heavy | light
heaviest | lightest
fast,quick | slow
fastest | slowest
faster | slower
strong | weak
strongest | weakest
hot | cold | warm | cool
hottest | coldest
heat | cool,chill | freeze
freezing | boiling | melting
hard | soft
hard-boiled | soft-boiled
easy | difficult
rich | poor
cheap,cheapest | expensive,priciest,dearest
safe | dangerous,unsafe
clean | dirty
wet | dry
full | empty
raw | cooked
fresh | frozen | dried
sweet | sour | bitter | salty | savoury,savory
ripe | unripe
boil,boiled | fry,fried | bake,baked | roast,roasted | grill,grilled | steam,steamed | poach,poached | microwave | saute,sauté | scramble,scrambled
dishwasher | washing machine | dryer
rice | pasta | potato
white | black | red | blue | green | yellow | brown | pink | purple | orange | grey,gray
left | right
up,upward | down,downward
upstairs | downstairs
top,upper | bottom,lower
front | back,rear
inside,indoor,internal | outside,outdoor,external
north,northern | south,southern | east,eastern | west,western
horizontal | vertical
row | column
above,over | below,under,beneath
ascending | descending
clockwise | anticlockwise,counterclockwise
inner | outer
left-handed | right-handed
advantage,benefit,pro,pros,upside,strength,good | disadvantage,drawback,con,cons,downside,weakness,bad
best | worst
better | worse
good | bad
positive | negative
correct,right | incorrect,wrong
true | false
legal,lawful | illegal,unlawful
possible | impossible
public | private
formal | informal
active | passive
singular | plural
noun | verb | adjective | adverb
synonym | antonym
numerator | denominator
radius | diameter | circumference
perimeter | area | volume
sum | difference | product | quotient
multiply | divide
sine | cosine | tangent
mean,average | median | mode
even | odd
square | cube
acid | base,alkaline
cause,causes | symptom,symptoms,signs | treatment,treat,cure,remedy | prevention,prevent,avoid | diagnosis,diagnose | side effect,side effects | dose,dosage
virus,viral | bacteria,bacterial
artery | vein
adult,adults,grown-up | child,children,kid,kids | baby,babies,infant,infants,newborn | teenager,teen,adolescent | elderly,senior
systolic | diastolic
hypertension | hypotension
hyperglycemia,hyperglycaemia | hypoglycemia,hypoglycaemia
type 1 | type 2
breakfast | lunch | dinner,supper
morning | noon,midday | afternoon | evening | night,midnight
sunrise | sunset
spring | summer | autumn,fall | winter
weekday | weekend
daily | weekly | monthly | quarterly | yearly,annual,annually
second,seconds | minute,minutes | hour,hours | day,days | week,weeks | month,months | year,years | decade | century,centuries
mile,miles | kilometre,kilometer,kilometres,kilometers,km | metre,meter,metres,meters | foot,feet | inch,inches | yard,yards | centimetre,centimeter,cm
pound,pounds,lb,lbs | kilogram,kilograms,kg | gram,grams | ounce,ounces,oz | ton,tons,tonne | stone
litre,liter,litres,liters | gallon,gallons | cup,cups | pint,pints | millilitre,milliliter,ml | tablespoon,tbsp | teaspoon,tsp
celsius,centigrade | fahrenheit | kelvin
byte,bytes | bit,bits
kilobyte,kb | megabyte,mb | gigabyte,gb | terabyte,tb
dollar,dollars,usd | euro,euros,eur | sterling,gbp | yen,jpy | franc,chf | rupee,inr | yuan
morning | night
man-made | natural
planet | star | moon
solar | lunar
atom | molecule
proton | neutron | electron
speed | acceleration
latitude | longitude
river | lake | mountain | ocean,sea | desert | island
capital | currency | language | flag | population | president | prime minister | anthem | area
population | size,area
president | vice president
senate | house
author,writer,wrote | illustrator | director,directed | composer,composed | painter,painted | publisher,published | actor,starred
invent,invented,inventor | discover,discovered,discoverer
height,tall,high | width,wide | length,long | depth,deep | weight,weigh,heavy | age,old | price,cost | speed,fast | distance,far | temperature,hot | capacity
city | country | state | continent
home | away
offside | penalty
singles | doubles
goalkeeper | striker | defender | midfielder
client | server
frontend,front-end,front end | backend,back-end,back end
input | output
request | response
compile | run,execute
synchronous | asynchronous
mutable | immutable
stack | queue
list | tuple | dictionary,dict,map | set | array | string
integer,int | float,double | boolean,bool
local | global | remote
static | dynamic
copy | move,cut | paste | rename
uppercase,upper case,capitals | lowercase,lower case
encode | decode
screenshot | screen recording
brightness | volume | contrast
wifi,wi-fi | bluetooth | ethernet | hotspot | airplane mode,flight mode | mobile data | nfc
email,e-mail | text message,sms | voicemail | phone call
password,passcode | username,user name | pin
laptop | desktop | phone,smartphone | tablet | watch | tv,television | printer | router | keyboard | mouse
ios,iphone,ipad | android
windows | mac,macos | linux | ubuntu
chrome | firefox | safari | edge
dark,dim,dimmer | light,bright,brighten
dark mode | light mode
loud | quiet,silent
sharp | blunt,blurry
host | win,won,winner | lose,lost,loser
north pole | south pole
light | heavy
liquid | solid | gas
meat | fish | vegetarian,vegan
chicken | beef | pork | lamb | turkey
butter | egg,eggs | milk | sugar | flour | salt | oil
salty | spicy | sweet
list | stop | start | delete | create
image | container | volume
left join | right join | inner join | full join | cross join
football,soccer | hockey | basketball | baseball | tennis | volleyball | rugby | cricket | golf
run,running,jog | swim,swimming | cycle,cycling | walk,walking
passport | driving licence,driver's license | credit card | debit card
lost | stolen | declined | expired | damaged
europe,european | asia,asian | africa,african | america,american | australia,australian | antarctica
portrait | landscape
front camera | rear camera
contact | calendar | photo,picture,photos,pictures | video,videos | music | note
reset | restart,reboot
charge,charging | discharge
lock screen | home screen
receipt | invoice
refund | exchange
delivery,shipping | return
checking account | savings account
saving,savings | spending
stock | bond
mortgage | loan
simple interest | compound interest
bull | bear
fixed rate | variable rate
traditional | roth
felony | misdemeanor,misdemeanour
civil | criminal
copyright | trademark | patent
will | trust
murder | manslaughter
libel | slander
`;

/** A side of an axis, as `axis:side`. */
export type Pole = `${number}:${number}`;

/** The first word of each side, which stands for all of them. */
export const headOfPole = new Map<Pole, string>();

/** Phrases of one to three words, in lower case, and the poles that they stand for. */
export const polesOf: ReadonlyMap<string, readonly Pole[]> = readLines();

export const longestPhraseWordCount = 3;

function readLines(): ReadonlyMap<string, readonly Pole[]> {
  const poles = new Map<string, Pole[]>();
  for (const [axis, line] of lines.trim().split('\n').entries()) {
    for (const [side, words] of line.split('|').entries()) {
      for (const word of words.split(',')) {
        const phrase = word.trim();
        if (!headOfPole.has(`${axis}:${side}`)) headOfPole.set(`${axis}:${side}`, phrase);
        poles.set(phrase, [...(poles.get(phrase) ?? []), `${axis}:${side}`]);
      }
    }
  }
  return poles;
}
